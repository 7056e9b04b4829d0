/** A stream of bytes in both directions: a serial port, a TCP connection, a pty in tests. */
export interface Channel {
  write(bytes: Uint8Array): Promise<void>;
  /** One listener at a time; bytes that come without one are dropped. */
  onData(listener: (bytes: Uint8Array) => void): void;
  /** Called once, when the other side or the device has gone. */
  onClose(listener: (cause: Error | undefined) => void): void;
  /** What people should know of this port to make it better, each a sentence that says what to do. */
  readonly hints?: readonly string[];
  close(): Promise<void>;
}
