export type WireErrorCode =
  /** Not the bytes, types or ranges that the contract asks for. */
  | 'malformed'
  /** Over a limit of `limits.ts`. */
  | 'too-large'
  | 'signature'
  /** Body or column does not match the signed header. */
  | 'hash'
  /** A content or encoding that this version does not know. */
  | 'unknown-content'
  /** A value that the contract cannot carry; thrown by encoders only. */
  | 'unencodable';

/** The one error of the wire. Never retryable: the same bytes fail the same way. */
export class WireError extends Error {
  readonly code: WireErrorCode;
  readonly retryable = false;

  constructor(code: WireErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'WireError';
    this.code = code;
  }
}
