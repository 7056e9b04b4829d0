import { request as httpRequest, type IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { chainFault, fingerprintOf, isForServers, offeredChain } from './certificate-chain.js';
import { IdentityError, type IdentityErrorCode } from './errors.js';
import { withTimeLimit } from '../../drivers/time-limit.js';

const TIMEOUT_MS = 15_000;
const MAX_ANSWER_BYTES = 64 * 1024;

export interface FleetAnswer {
  readonly status: number;
  readonly contentType: string;
  /** Where it sends us instead. */
  readonly location: string | undefined;
  readonly body: string;
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);

/** Parses the fleet's address: https, or http on this very machine. Throws `IdentityError` 'url'. */
export const parseFleetUrl = (text: string): URL => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new IdentityError(
      'url',
      `"${text}" is no address of a fleet; write it as https://fleet.example.org`,
    );
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw new IdentityError(
      'url',
      `${url.origin} is not encrypted: the token would be readable on the way; use https://${url.host}`,
    );
  }
  return url;
};

/** Where a fleet answers one of a gateway's requests, and its bare host. Throws `IdentityError` 'url'. */
export const fleetAddress = (
  fleetUrl: string,
  request: 'enrol' | 'renew',
): { readonly url: URL; readonly host: string } => {
  const base = parseFleetUrl(fleetUrl);
  const url = new URL(`${base.pathname.replace(/\/+$/, '')}/api/v1/${request}`, base);
  return { url, host: url.hostname.replace(/^\[|\]$/g, '') };
};

/**
 * Why the other side is not the fleet that made the token. A certificate that the system trusts for that name is
 * fine (a reverse proxy); else the chain offered must lead to the token's root. Then the name is left open,
 * since on site the fleet is often reached by a bare address, and dates too, since the clock may not be set yet:
 * only the fleet's own servers hold a certificate of that root for servers.
 */
const peerFault = (socket: TLSSocket, rootFingerprint: string): string | undefined => {
  if (socket.authorized) return undefined;
  const chain = offeredChain(socket.getPeerCertificate(true));
  const [leaf] = chain;
  if (leaf === undefined) return 'it offered no certificate';
  const fault = chainFault(chain, {
    isRoot: (certificate) => fingerprintOf(certificate) === rootFingerprint,
  });
  if (fault !== undefined) {
    return `the system does not trust its certificate (${String(socket.authorizationError)}), and ${fault}`;
  }
  return isForServers(leaf) ? undefined : 'its certificate is not for servers';
};

const openProvenSocket = (url: URL, rootFingerprint: string, signal: AbortSignal): Promise<TLSSocket> =>
  new Promise((resolve, reject) => {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const socket = connect({
      host,
      port: Number(url.port || '443'),
      ...(isIP(host) === 0 ? { servername: host } : {}),
      minVersion: 'TLSv1.2',
      rejectUnauthorized: false,
    });
    let opened = false;
    const fail = (error: Error): void => {
      signal.removeEventListener('abort', abort);
      socket.destroy();
      reject(error);
    };
    const abort = (): void => fail(unreachable(url, signal.reason, opened));
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    socket.once('connect', () => (opened = true));
    socket.once('error', (cause) => fail(unreachable(url, cause, opened)));
    socket.once('secureConnect', () => {
      const fault = peerFault(socket, rootFingerprint);
      if (fault !== undefined) {
        const text = `${url.host} is not the fleet that made the token (a captive portal?): ${fault}`;
        return fail(new IdentityError('untrusted', text, { retryable: true }));
      }
      signal.removeEventListener('abort', abort);
      resolve(socket);
    });
  });

const NO_NAME = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NONAME', 'EAI_NODATA']);
/** What Node's parser of HTTP says of an answer that is none. */
const NOT_HTTP = 'HPE_';

const SAYING: Readonly<Partial<Record<IdentityErrorCode, string>>> = {
  dns: 'its name is not found; is there a network, and does it resolve names?',
  'refused-connection': 'the machine is there, but nothing listens; is the fleet running?',
  silent: 'the port opens and then says nothing: a captive portal or a firewall?',
  portal: 'something else answers in its place: a captive portal, or a wrong port?',
};

const nameOf = (cause: unknown, opened: boolean): IdentityErrorCode => {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (NO_NAME.has(code)) return 'dns';
  if (code === 'ECONNREFUSED') return 'refused-connection';
  if (code.startsWith('ERR_SSL') || code === 'EPROTO' || code.startsWith(NOT_HTTP)) return 'portal';
  const late = cause instanceof Error && cause.name === 'TimeoutError';
  return late && opened ? 'silent' : 'unreachable';
};

/** `opened`: the connection stood when it failed. */
const unreachable = (url: URL, cause: unknown, opened: boolean): IdentityError => {
  const code = nameOf(cause, opened);
  const why = cause instanceof Error ? cause.message : String(cause);
  const saying = SAYING[code];
  const text = saying === undefined ? why : `${saying} (${why})`;
  return new IdentityError(code, `cannot reach the fleet at ${url.host}: ${text}`, {
    cause,
    retryable: true,
  });
};

const readAnswer = async (response: IncomingMessage, url: URL): Promise<FleetAnswer> => {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of response) {
    const bytes = Buffer.from(part);
    size += bytes.length;
    if (size > MAX_ANSWER_BYTES) {
      throw new IdentityError('answer', `${url.host} answered more than ${MAX_ANSWER_BYTES} bytes`, {
        retryable: true,
      });
    }
    parts.push(bytes);
  }
  return {
    status: response.statusCode ?? 0,
    contentType: response.headers['content-type'] ?? '',
    location: response.headers.location,
    body: Buffer.concat(parts).toString('utf8'),
  };
};

const post = async (
  url: URL,
  body: string,
  rootFingerprint: string,
  signal: AbortSignal,
): Promise<FleetAnswer> => {
  const socket = url.protocol === 'https:' ? await openProvenSocket(url, rootFingerprint, signal) : undefined;
  let opened = socket !== undefined;
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = httpRequest(
        {
          host: url.hostname.replace(/^\[|\]$/g, ''),
          port: url.port || '80',
          path: url.pathname,
          method: 'POST',
          headers: {
            host: url.host,
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(body),
            connection: 'close',
          },
          signal,
          // With an agent, even `false`, the proven socket would be left aside for a plain one.
          ...(socket === undefined ? { agent: false } : { createConnection: () => socket }),
        },
        resolve,
      );
      request.once('error', reject);
      request.once('socket', (used) => used.once('connect', () => (opened = true)));
      request.end(body);
    });
    return await readAnswer(response, url);
  } catch (cause) {
    throw cause instanceof IdentityError
      ? cause
      : unreachable(url, signal.aborted ? signal.reason : cause, opened);
  } finally {
    socket?.destroy();
  }
};

/**
 * POSTs JSON to the fleet, over TLS only to one that is proven (see above). Redirects are not followed: a fleet sends none.
 * Rejects with `IdentityError` 'untrusted', or named for why it cannot be reached, also when no answer came within 15 s.
 */
export const postToFleet = async (
  url: URL,
  body: string,
  options: { readonly rootFingerprint: string; readonly signal: AbortSignal },
): Promise<FleetAnswer> =>
  withTimeLimit(options.signal, TIMEOUT_MS, async (signal) =>
    post(url, body, options.rootFingerprint, signal),
  );
