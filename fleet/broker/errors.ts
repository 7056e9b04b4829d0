/** The broker could not start or listen; `code` says why. */
export class BrokerError extends Error {
  override readonly name = 'BrokerError';
  readonly code: 'port-in-use' | 'address-unavailable' | 'listen-failed';
  readonly retryable: boolean;

  constructor(
    code: BrokerError['code'],
    message: string,
    options?: { cause?: unknown; retryable?: boolean },
  ) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options?.retryable ?? false;
  }
}
