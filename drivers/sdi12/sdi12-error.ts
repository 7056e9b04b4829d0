import type { Fault } from '../sample.js';

/** Why a sensor gave no values: a fault of the line, or its own refusal (`exception`). */
export class Sdi12Error extends Error {
  readonly code: Fault['code'];
  readonly retryable = true;
  /** Monotonic ms at which the request left; absent where none did. */
  readonly at: number | undefined;

  constructor(fault: Fault, at?: number) {
    super(fault.detail);
    this.name = 'Sdi12Error';
    this.code = fault.code;
    this.at = at;
  }
}
