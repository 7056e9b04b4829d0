export type ProofErrorCode =
  /** No proof file, or one that says more than a proof needs. */
  | 'malformed'
  /** A certificate does not lead to the root, or is not for what it was used for. */
  | 'chain'
  /** A certificate was not valid when it was used. */
  | 'validity'
  /** A statement is not signed by the key of its certificate. */
  | 'signature'
  /** A column is not one that the statement was signed over. */
  | 'column'
  /** A device or point is not of the directory that the statement names. */
  | 'directory'
  /** What is shown does not fit together: point, unit or values. */
  | 'content'
  /** The fleet's receipt is of other contents. */
  | 'receipt'
  /** The window is not what its readings make. */
  | 'window'
  /** Nothing here can be proven. */
  | 'not-found';

/** A proof that cannot be made, or does not hold; `code` says why. */
export class ProofError extends Error {
  override readonly name = 'ProofError';
  readonly code: ProofErrorCode;
  readonly retryable = false;

  constructor(code: ProofErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
