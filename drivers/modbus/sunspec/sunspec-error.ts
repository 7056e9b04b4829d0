/** `line`: the device could not be read. `chain`: what it says is no chain of models. */
export type SunSpecErrorCode = 'line' | 'chain';

/** A SunSpec device that cannot be understood. */
export class SunSpecError extends Error {
  readonly code: SunSpecErrorCode;
  readonly retryable: boolean;

  constructor(code: SunSpecErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'SunSpecError';
    this.code = code;
    this.retryable = code === 'line';
  }
}
