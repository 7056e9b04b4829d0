/** The authority refused a request, or cannot work; `code` says which. */
export class AuthorityError extends Error {
  override readonly name = 'AuthorityError';
  readonly code: AuthorityFault;
  readonly retryable = false;

  constructor(code: AuthorityFault, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

export type AuthorityFault =
  | 'request-too-large'
  | 'request-malformed'
  /** Another key than P-256. */
  | 'request-key'
  /** Not signed by the key that it names. */
  | 'request-signature'
  /** A file of the authority cannot be read or does not fit the others. */
  | 'damaged'
  /** The passphrase cannot be read, or does not open the keys. */
  | 'passphrase';
