/** An enrolment was refused; `code` says why. An unknown token and an expired one are not told apart. */
export class EnrolmentError extends Error {
  override readonly name = 'EnrolmentError';
  readonly code: EnrolmentFault;
  readonly retryable = false;

  constructor(code: EnrolmentFault, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

export type EnrolmentFault =
  /** The token, name, certificate request or period that was given is none. */
  | 'bad-request'
  | 'token-refused'
  | 'token-used'
  /** The token is bound to another box. */
  | 'serial'
  /** An operator has rejected the claim. */
  | 'rejected'
  /** No operator decided the claim in time. */
  | 'forgotten'
  /** The gateway that was to be replaced has a successor already. */
  | 'replaced';

/** A certificate was not renewed; `code` says why. */
export class RenewalError extends Error {
  override readonly name = 'RenewalError';
  readonly code: RenewalFault;
  readonly retryable = false;

  constructor(code: RenewalFault, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

export type RenewalFault =
  /** What was sent is no request. */
  | 'bad-request'
  /** The certificate is not known here, or the proof is not its key's: not told apart. */
  | 'unproven'
  | 'revoked'
  /** A newer certificate of this gateway was used since. */
  | 'superseded'
  | 'not-yet-valid'
  /** It expired longer ago than is tolerated. */
  | 'grace-over';

/** What an operator asked of a gateway or a claim cannot be done; `code` says why. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly code: 'unknown' | 'done-before' | 'over' | 'bad-request';
  readonly retryable = false;

  constructor(code: GatewayError['code'], message: string) {
    super(message);
    this.code = code;
  }
}
