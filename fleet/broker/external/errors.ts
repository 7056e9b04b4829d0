/** The external broker could not be reached, refused us, or went away; another attempt may succeed. */
export class ExternalBrokerError extends Error {
  override readonly name = 'ExternalBrokerError';
  readonly code: 'address' | 'connect' | 'refused' | 'closed';
  readonly retryable: boolean;

  constructor(code: ExternalBrokerError['code'], message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.retryable = code !== 'address';
  }
}
