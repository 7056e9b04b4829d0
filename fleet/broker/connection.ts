import type { Duplex } from 'node:stream';

/** Whose certificate a connection showed. */
export interface Peer {
  readonly gatewayId: string;
  /** SHA-256 of the certificate's DER, hex. */
  readonly thumbprint: string;
}

/** One connection whose transport has done its part. */
export interface PeerConnection {
  readonly socket: Duplex;
  /** Where it comes from, for people. */
  readonly address: string;
  /** Who is there; asked once, with the client id of the CONNECT, which the broker compares with the answer. */
  identify(clientId: string): Peer;
}

/** Why the other side was refused, or its session ended. */
export interface Fault {
  readonly code: FaultCode;
  readonly detail: string;
}

export type FaultCode =
  /** No TLS session came about, or no certificate was shown. */
  | 'handshake'
  /** The certificate is expired, of another authority, or names no gateway. */
  | 'certificate'
  /** Another protocol version than MQTT 3.1.1, or a session that is not clean. */
  | 'protocol'
  /** The client id is not the certificate's gateway. */
  | 'client-id'
  /** The registry does not admit this certificate. */
  | 'not-admitted'
  /** Not MQTT, or packets out of order. */
  | 'malformed'
  | 'packet-too-large'
  /** Published to, subscribed to, or left a will on a topic that is not its own. */
  | 'topic'
  | 'retained'
  | 'qos'
  /** No keepalive, one over the limit, or nothing heard within it. */
  | 'keepalive'
  | 'connect-timeout'
  /** Does not read what it is sent. */
  | 'slow-reader';

/** How connections come in; decouples the transport from the broker. */
export interface Listener {
  /** Starts listening; gives the port. Rejects with `BrokerError`. */
  listen(handlers: ListenerHandlers): Promise<number>;
  /** Stops listening and destroys what is still open; resolves when nothing is. */
  close(): Promise<void>;
}

export interface ListenerHandlers {
  connection(connection: PeerConnection): void;
  /** A connection that was refused before it could be handed on. */
  refused(fault: Fault & { readonly gatewayId: string | undefined }): void;
}
