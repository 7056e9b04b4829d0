/** Largest payload of one message, bytes. */
export const MAX_MESSAGE_BYTES = 1024 * 1024;

/** What one connection may use. Times are ms. */
export interface BrokerLimits {
  readonly maxMessageBytes: number;
  /** Largest CONNECT packet. */
  readonly maxConnectBytes: number;
  readonly connectTimeoutMs: number;
  /** Longest keepalive that a gateway may ask for, seconds. */
  readonly maxKeepaliveS: number;
  /** Sustained rates; twice as much may come at once. Beyond, the connection is read more slowly. */
  readonly packetsPerSecond: number;
  readonly bytesPerSecond: number;
  /** Messages and bytes of one gateway that wait for the store; beyond, its connection is not read. */
  readonly maxWaitingMessages: number;
  readonly maxWaitingBytes: number;
  /** What waits to be sent to one gateway; beyond, the session ends. */
  readonly maxOutgoingBytes: number;
  /** How long a gateway may leave its connection unread while something waits. */
  readonly drainTimeoutMs: number;
  /** How long `close` waits for messages that are with the store. */
  readonly closeTimeoutMs: number;
}

export const DEFAULT_LIMITS: BrokerLimits = {
  maxMessageBytes: MAX_MESSAGE_BYTES,
  maxConnectBytes: 4096,
  connectTimeoutMs: 10_000,
  maxKeepaliveS: 1200,
  packetsPerSecond: 2000,
  bytesPerSecond: 8 * 1024 * 1024,
  maxWaitingMessages: 64,
  maxWaitingBytes: 4 * 1024 * 1024,
  maxOutgoingBytes: 4 * 1024 * 1024,
  drainTimeoutMs: 30_000,
  closeTimeoutMs: 10_000,
};
