/** A head or an export of an audit trail that cannot be used. */
export class AuditError extends Error {
  override readonly name = 'AuditError';
  readonly code: 'bad-head' | 'bad-entries';
  readonly retryable = false;

  constructor(code: AuditError['code'], message: string) {
    super(message);
    this.code = code;
  }
}
