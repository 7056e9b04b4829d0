/** A store refused or failed; `code` says which. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code:
    | 'conflict'
    | 'changed-since'
    | 'taken'
    | 'in-use'
    | 'newer-schema'
    | 'older-schema'
    | 'closed'
    | 'fenced'
    | 'failed';
  readonly retryable: boolean;

  constructor(code: StoreError['code'], message: string, options?: { cause?: unknown; retryable?: boolean }) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options?.retryable ?? false;
  }
}
