export type ModbusErrorCode =
  /** The bus's settings name a framing that Modbus does not have, or not on such an endpoint. */
  | 'framing'
  /** The profile does not allow the point to be written. */
  | 'not-writable'
  /** The point is of another protocol. */
  | 'point'
  /** A value that the point cannot take. */
  | 'value';

/** What cannot be done on a Modbus bus as asked; nothing was sent. */
export class ModbusError extends Error {
  readonly code: ModbusErrorCode;
  readonly retryable = false;

  constructor(code: ModbusErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'ModbusError';
    this.code = code;
  }
}
