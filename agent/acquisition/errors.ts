export type AcquisitionErrorCode =
  'unknown-bus' | 'unknown-device' | 'unknown-point' | 'unnumbered-point' | 'read-only' | 'stopped';

/** What acquisition refuses; callers branch on `code`. */
export class AcquisitionError extends Error {
  readonly code: AcquisitionErrorCode;
  readonly retryable = false;

  constructor(code: AcquisitionErrorCode, message: string) {
    super(message);
    this.name = 'AcquisitionError';
    this.code = code;
  }
}
