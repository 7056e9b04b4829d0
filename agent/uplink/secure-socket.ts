import { X509Certificate } from 'node:crypto';
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import type { Identity } from '../identity/identity.js';
import { chainFault, fingerprintOf, isForServers, offeredChain } from '../identity/certificate-chain.js';
import { UplinkError } from './errors.js';
import { silenceFault, socketFault, type SocketStage } from './socket-fault.js';

/** Faults of a chain that come from the system's clock alone; OpenSSL stops at the last one it met. */
const DATE_FAULTS = new Set(['CERT_NOT_YET_VALID', 'CERT_HAS_EXPIRED']);

/** What the gateway knows of the time: UTC ms, or `undefined` while its clock is not synced. */
export type KnownTime = () => number | undefined;

interface PeerFault {
  readonly code: 'untrusted' | 'certificate-dates';
  readonly text: string;
}

const untrusted = (text: string): PeerFault => ({ code: 'untrusted', text });

/**
 * Why the peer is not our broker, or `undefined`. The system's own check decides, except on dates: a system
 * clock that stands in 1970 while the gateway's clock knows better (or knows nothing yet) must not keep the
 * time out, so then chain, use and name are checked here, and dates against what is known.
 */
const peerFault = (
  socket: TLSSocket,
  identity: Identity,
  time: number | undefined,
): PeerFault | undefined => {
  if (socket.authorized) return undefined;
  // Typed as an Error, yet a code (a string) in fact.
  const fault = String(socket.authorizationError);
  if (!DATE_FAULTS.has(fault)) return untrusted(fault);
  const root = fingerprintOf(new X509Certificate(identity.root));
  const offered = offeredChain(socket.getPeerCertificate(true));
  const chain = offered.some((certificate) => fingerprintOf(certificate) === root)
    ? offered
    : [...offered, new X509Certificate(identity.root)];
  const isRoot = (certificate: X509Certificate): boolean => fingerprintOf(certificate) === root;
  const [leaf] = chain;
  if (leaf === undefined || !isForServers(leaf)) return untrusted('its certificate is not for servers');
  if (leaf.checkHost(identity.broker.serverName) === undefined) {
    return untrusted(`its certificate does not name ${identity.broker.serverName}`);
  }
  const chainBroken = chainFault(chain, { isRoot });
  if (chainBroken !== undefined) return untrusted(chainBroken);
  const dates = time === undefined ? undefined : chainFault(chain, { isRoot, at: time });
  return dates === undefined ? undefined : { code: 'certificate-dates', text: dates };
};

/** A proven socket, and the plain one below it, which alone knows what crosses the wire. */
export interface SecureSocket {
  readonly socket: TLSSocket;
  readonly wire: Socket;
}

export interface SecureSocketOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Told the bytes of an attempt that failed. */
  readonly count: (bytes: number) => void;
}

/** Bytes that crossed the wire below TLS, both ways. */
export const wireBytes = (wire: Socket): number => wire.bytesRead + wire.bytesWritten;

/**
 * Opens mutual TLS (1.2 and later) to the broker: our certificate, the pinned root as only anchor, and the
 * broker's name whatever host it is reached under. Resolves once the peer is proven; rejects with `UplinkError`.
 */
export const openSecureSocket = (
  identity: Identity,
  knownTime: KnownTime,
  options: SecureSocketOptions,
): Promise<SecureSocket> =>
  new Promise((resolve, reject) => {
    const { host, port, serverName } = identity.broker;
    const where = `${host}:${port}`;
    let stage: SocketStage = isIP(host) === 0 ? 'lookup' : 'connecting';
    const wire = connectPlain({ host, port });
    const socket = connect({
      socket: wire,
      ...(isIP(serverName) === 0 ? { servername: serverName } : {}),
      ca: identity.root,
      key: identity.privateKey,
      cert: identity.certificateChain,
      minVersion: 'TLSv1.2',
      rejectUnauthorized: false,
    });
    const settle = (error?: UplinkError): void => {
      if (stage === 'open') return;
      stage = 'open';
      clearTimeout(timer);
      options.signal.removeEventListener('abort', abort);
      if (error === undefined) return resolve({ socket, wire });
      options.count(wireBytes(wire));
      socket.destroy();
      wire.destroy();
      reject(error);
    };
    const abort = (): void => settle(new UplinkError('closed', 'stopped while connecting'));
    const late = (): void => settle(silenceFault(where, stage, options.timeoutMs));
    const timer = setTimeout(late, options.timeoutMs);
    options.signal.addEventListener('abort', abort, { once: true });
    if (options.signal.aborted) abort();
    wire.setNoDelay(true);
    wire.once('lookup', (fault: Error | null) => {
      if (fault === null && stage === 'lookup') stage = 'connecting';
    });
    wire.once('connect', () => {
      if (stage !== 'open') stage = 'handshake';
    });
    const fail = (cause: Error): void => settle(socketFault(where, stage, cause));
    // Both stay for the socket's life: an error after the handshake is also seen as a close.
    wire.on('error', fail);
    socket.on('error', fail);
    socket.once('close', () => settle(socketFault(where, stage, new Error('cut off in the handshake'))));
    socket.once('secureConnect', () => {
      const fault = peerFault(socket, identity, knownTime());
      settle(
        fault === undefined
          ? undefined
          : new UplinkError(fault.code, `${where} is not our fleet: ${fault.text}`),
      );
    });
  });
