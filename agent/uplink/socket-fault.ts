import { UplinkError, type UplinkErrorCode } from './errors.js';

/** How far the connection had come. */
export type SocketStage = 'lookup' | 'connecting' | 'handshake' | 'open';

const NO_NAME = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NONAME', 'EAI_NODATA']);

const SAYING: Readonly<Partial<Record<UplinkErrorCode, string>>> = {
  dns: 'its name is not found; is there a network, and does it resolve names?',
  'refused-connection': 'the machine is there, but nothing listens; is the fleet running?',
  silent: 'the port opens and then says nothing: a captive portal or a firewall?',
  'not-tls': 'something else than TLS answers: a captive portal, or a wrong port?',
  rejected: 'the fleet does not take our certificate; was this gateway revoked?',
};

const codeOf = (thrown: unknown): string =>
  thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';

/** Names the cause of a socket's error. OpenSSL's faults carry codes as ERR_SSL_WRONG_VERSION_NUMBER. */
const nameOf = (code: string, stage: SocketStage): UplinkErrorCode => {
  if (NO_NAME.has(code)) return 'dns';
  if (code === 'ECONNREFUSED') return 'refused-connection';
  if (code.includes('ALERT')) return 'rejected';
  if (code.startsWith('ERR_SSL') || code === 'EPROTO') return 'not-tls';
  return stage === 'open' ? 'closed' : 'unreachable';
};

const explain = (where: string, code: UplinkErrorCode, detail: string): string => {
  const saying = SAYING[code];
  return `cannot reach the fleet at ${where}: ${saying === undefined ? detail : `${saying} (${detail})`}`;
};

/** The fault of a socket that failed while at `stage`. */
export const socketFault = (where: string, stage: SocketStage, cause: unknown): UplinkError => {
  const code = nameOf(codeOf(cause), stage);
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new UplinkError(code, explain(where, code, detail), { cause });
};

/** Nothing came in time: from the name service, from the address, or from the server behind the open port. */
export const silenceFault = (where: string, stage: SocketStage, timeoutMs: number): UplinkError => {
  const code = stage === 'lookup' ? 'dns' : stage === 'connecting' ? 'unreachable' : 'silent';
  return new UplinkError(code, explain(where, code, `no answer within ${timeoutMs} ms`));
};
