/** Somebody was not let in, or may not do what they asked. */
export class AccessError extends Error {
  override readonly name = 'AccessError';
  readonly code:
    | 'unauthenticated'
    | 'forbidden'
    | 'bad-credentials'
    | 'too-many-attempts'
    /** A password that is too short or too easy to guess. */
    | 'weak-password'
    /** A configured secret that is a default, empty or short. */
    | 'weak-secret'
    /** Bytes that this fleet's access key does not open. */
    | 'sealed'
    /** An invitation or link that was used, revoked, or has ended. */
    | 'gone'
    | 'not-found'
    /** What is asked for is at odds with what is there. */
    | 'conflict'
    | 'bad-request'
    /** An identity provider that cannot be reached, or does not vouch. */
    | 'provider';
  readonly retryable: boolean;
  /** With `too-many-attempts`: the next try is taken after this long, ms. */
  readonly retryAfterMs: number;

  constructor(code: AccessError['code'], message: string, retryAfterMs = 0, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.retryable = retryAfterMs > 0;
    this.retryAfterMs = retryAfterMs;
  }
}
