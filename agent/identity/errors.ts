export type IdentityErrorCode =
  | 'token' // not a claim token, or the fleet refuses it
  | 'url' // an address that enrolment must not go to
  | 'dns' // the fleet's name is not found
  | 'refused-connection' // the machine answers, its port does not
  | 'silent' // the port opens and says nothing
  | 'portal' // something else answers in the fleet's place: a page, a redirect, no TLS
  | 'unreachable' // no connection in time
  | 'untrusted' // the other side is not the fleet that made the token
  | 'waiting' // an operator of the fleet has to approve the claim
  | 'refused' // the fleet answered and will not change its mind
  | 'answer' // an answer that cannot be used
  | 'damaged'; // files of the data folder that cannot be read

/** A fault of key, claim or certificate. `retryable`: trying later may help; nothing was stored. */
export class IdentityError extends Error {
  override readonly name = 'IdentityError';
  readonly code: IdentityErrorCode;
  readonly retryable: boolean;

  constructor(
    code: IdentityErrorCode,
    message: string,
    options: { cause?: unknown; retryable?: boolean } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}
