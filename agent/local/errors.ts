export type LocalErrorCode =
  | 'running' // another agent holds the data folder
  | 'no-socket' // neither the data folder's disk nor the runtime folder takes one now
  | 'denied' // the socket belongs to another user
  | 'busy' // somebody else speaks on the line
  | 'unreachable' // a bus cannot be opened
  | 'silent' // an agent holds the socket, but does not answer
  | 'refused' // a write that the profile or the agent does not allow
  | 'empty' // nothing is stored of what was asked for
  | 'usage'; // a command line that cannot be followed

/** A fault of the tools on the gateway itself. */
export class LocalError extends Error {
  override readonly name = 'LocalError';
  readonly code: LocalErrorCode;
  readonly retryable: boolean;

  constructor(code: LocalErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.retryable = code === 'silent' || code === 'no-socket';
  }
}
