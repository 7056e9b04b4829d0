export type ChannelErrorCode =
  /** Nothing answers there, or the port does not exist. */
  | 'unreachable'
  /** The other side or the device went. */
  | 'closed'
  /** The port cannot do what is asked of it, and never will. */
  | 'unsupported';

/** Why a channel could not be opened or written to. */
export class ChannelError extends Error {
  readonly code: ChannelErrorCode;
  readonly retryable: boolean;

  constructor(code: ChannelErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'ChannelError';
    this.code = code;
    this.retryable = code !== 'unsupported';
  }
}
