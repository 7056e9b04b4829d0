/** Exception codes (Modbus Application Protocol 1.1b3, section 7). */
const NAMES: Readonly<Record<number, string>> = {
  1: 'illegal function',
  2: 'illegal data address',
  3: 'illegal data value',
  4: 'server device failure',
  5: 'acknowledge',
  6: 'server device busy',
  8: 'memory parity error',
  10: 'gateway path unavailable',
  11: 'gateway target device failed to respond',
};

export const ILLEGAL_FUNCTION = 1;
export const ILLEGAL_DATA_ADDRESS = 2;
export const ILLEGAL_DATA_VALUE = 3;
export const GATEWAY_PATH_UNAVAILABLE = 10;
export const GATEWAY_TARGET_SILENT = 11;

/** An exception as people read it: its name and its code. */
export const exceptionName = (code: number): string => `${NAMES[code] ?? 'unknown exception'} (${code})`;
