import { constants } from 'node:crypto';
import { createServer, type TLSSocket, type TlsOptions } from 'node:tls';
import type { Listener, ListenerHandlers, Peer } from './connection.js';
import { BrokerError } from './errors.js';

const HANDSHAKE_TIMEOUT_MS = 10_000;
/** Descriptors are bounded; a gateway beyond waits in the backlog. */
const MAX_CONNECTIONS = 10_000;
/** The whole subject of a gateway's certificate. */
const SUBJECT = /^CN=([a-z0-9]{16,32})$/;

export interface MutualTlsOptions extends ServerCredentials {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** PEM: who may issue gateways' certificates. */
  readonly ca: readonly string[];
}

export interface ServerCredentials {
  readonly keyPem: string;
  /** Leaf, then the issuing certificate. */
  readonly certificatePem: string;
}

export interface MutualTlsListener extends Listener {
  /** New connections see these credentials; open ones go on. */
  renew(credentials: ServerCredentials): void;
}

/**
 * Listens for TLS 1.2 or newer and lets nobody in whose certificate is not of `ca`, valid now, made for clients,
 * and named for a gateway. Sessions are not resumed, so that every connection shows a certificate that is checked.
 */
export const mutualTlsListener = (options: MutualTlsOptions): MutualTlsListener => {
  const sockets = new Set<TLSSocket>();
  const server = createServer(tlsOptions(options));
  server.maxConnections = MAX_CONNECTIONS;
  const pending = new Set<{ destroy(): void }>();
  server.on('connection', (socket) => {
    pending.add(socket);
    socket.once('close', () => pending.delete(socket));
  });
  return {
    listen: async (handlers) => {
      server.on('secureConnection', (socket) => {
        sockets.add(socket);
        socket.once('close', () => sockets.delete(socket));
        admit(socket, handlers);
      });
      server.on('tlsClientError', (error, socket) => refuse(error, socket, handlers));
      return listening(server, options);
    },
    renew: (credentials) => server.setSecureContext(tlsOptions({ ...options, ...credentials })),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of [...sockets, ...pending]) socket.destroy();
      }),
  };
};

const tlsOptions = (options: MutualTlsOptions): TlsOptions => ({
  key: options.keyPem,
  cert: options.certificatePem,
  ca: [...options.ca],
  requestCert: true,
  rejectUnauthorized: true,
  minVersion: 'TLSv1.2',
  secureOptions: constants.SSL_OP_NO_TICKET,
  handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
  noDelay: true,
});

const listening = (
  server: ReturnType<typeof createServer>,
  { host, port }: MutualTlsOptions,
): Promise<number> =>
  new Promise((resolve, reject) => {
    const failed = (cause: NodeJS.ErrnoException): void => reject(listenError(cause, host, port));
    server.once('error', failed);
    server.listen({ host, port }, () => {
      server.off('error', failed);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });

const listenError = (cause: NodeJS.ErrnoException, host: string, port: number): BrokerError => {
  if (cause.code === 'EADDRINUSE') {
    return new BrokerError('port-in-use', `MQTT port ${port} is in use; choose another one.`, {
      cause,
      retryable: true,
    });
  }
  if (cause.code === 'EADDRNOTAVAIL' || cause.code === 'ENOTFOUND') {
    return new BrokerError('address-unavailable', `This machine has no address ${host}.`, { cause });
  }
  return new BrokerError('listen-failed', `Cannot listen on ${host}:${port}: ${cause.message}`, { cause });
};

const peerOf = (socket: TLSSocket): Peer | undefined => {
  const certificate = socket.getPeerX509Certificate();
  const gatewayId = SUBJECT.exec(certificate?.subject ?? '')?.[1];
  if (certificate === undefined || gatewayId === undefined) return undefined;
  return { gatewayId, thumbprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase() };
};

const admit = (socket: TLSSocket, handlers: ListenerHandlers): void => {
  const address = socket.remoteAddress ?? 'unknown';
  const peer = socket.authorized ? peerOf(socket) : undefined;
  if (peer === undefined) {
    socket.on('error', () => socket.destroy());
    socket.destroy();
    const detail = `The certificate names no gateway (from ${address})`;
    handlers.refused({ gatewayId: undefined, code: 'certificate', detail });
    return;
  }
  handlers.connection({ socket, address, identify: () => peer });
};

const refuse = (error: Error, socket: TLSSocket, handlers: ListenerHandlers): void => {
  socket.destroy();
  // typed an error, but a text where Node closed the connection over its certificate; given nowhere else
  const reason: unknown = socket.authorizationError;
  const address = socket.remoteAddress ?? 'unknown';
  const code = typeof reason === 'string' ? 'certificate' : 'handshake';
  const why = typeof reason === 'string' ? reason : error.message;
  handlers.refused({ gatewayId: undefined, code, detail: `${why} (from ${address})` });
};
