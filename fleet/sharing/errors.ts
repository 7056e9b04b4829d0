/** A dataset or an agreement cannot be as asked. */
export class SharingError extends Error {
  override readonly name = 'SharingError';
  /**
   * `invalid`: what was asked is wrong in itself; `not-now`: not in the state that the agreement is in; `not-party`: not
   * for this organisation to do; `changed-since`: somebody was faster; `unknown`: what it names is not there.
   */
  readonly code: 'invalid' | 'not-now' | 'not-party' | 'changed-since' | 'unknown';
  readonly retryable = false;

  constructor(code: SharingError['code'], message: string) {
    super(message);
    this.code = code;
  }
}
