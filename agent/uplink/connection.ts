import type { DownKind, UpKind } from '#wire/topics.js';
import type { UplinkError } from './errors.js';

/** One open way to the fleet; gone once, it does not come back. */
export interface Connection {
  /** Resolves when the fleet has taken the message (PUBACK); rejects with `UplinkError` when the way is gone. */
  publish(kind: UpKind, payload: Uint8Array): Promise<void>;
  /** Resolves, with the cause, once the way is gone for whatever reason. */
  readonly ended: Promise<UplinkError>;
  /** Takes leave and closes; resolves when closed. */
  close(): Promise<void>;
}

export interface ConnectOptions {
  readonly onMessage: (kind: DownKind, payload: Uint8Array) => void;
  readonly signal: AbortSignal;
}

/** Opens a way with everything subscribed. Rejects with `UplinkError`. */
export type Connect = (options: ConnectOptions) => Promise<Connection>;
