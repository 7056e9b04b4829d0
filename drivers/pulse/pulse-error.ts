/** What is asked of an input that it cannot do. */
export class PulseError extends Error {
  readonly code: 'endpoint' | 'not-writable' | 'value';
  readonly retryable = false;

  constructor(code: PulseError['code'], message: string) {
    super(message);
    this.name = 'PulseError';
    this.code = code;
  }
}
