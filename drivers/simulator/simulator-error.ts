/** A simulation that cannot be served as asked. The message says what is accepted. */
export class SimulatorError extends Error {
  override readonly name = 'SimulatorError';
  readonly code: 'faults' | 'address' | 'framing' | 'protocol';
  readonly retryable = false;

  constructor(code: SimulatorError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
