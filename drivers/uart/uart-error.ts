import type { Fault } from '../sample.js';

/** Why a sensor gave no values. */
export class UartError extends Error {
  readonly code: Fault['code'];
  readonly retryable = true;
  /** Monotonic ms at which the request left. */
  readonly at: number;

  constructor(fault: Fault, at: number) {
    super(fault.detail);
    this.name = 'UartError';
    this.code = fault.code;
    this.at = at;
  }
}
