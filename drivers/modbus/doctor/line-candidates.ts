import type { Endpoint } from '../../driver.js';

export type SerialEndpoint = Extract<Endpoint, { type: 'serial' }>;

/** Speed and character of a serial line. */
export type LineSettings = Pick<SerialEndpoint, 'baudRate' | 'dataBits' | 'parity' | 'stopBits'>;

const settings = (baudRate: number, format: '8N1' | '8E1' | '8N2' | '8O1'): LineSettings => ({
  baudRate,
  dataBits: 8,
  parity: format === '8E1' ? 'even' : format === '8O1' ? 'odd' : 'none',
  stopBits: format === '8N2' ? 2 : 1,
});

/**
 * Settings in the order in which meters are found with them: 9600 first, then what the specification asks for
 * (19200 8E1; Modbus over Serial Line 1.02, section 3.2), then other factory settings. 8N2 is heard as 8N1.
 */
export const LINE_SETTINGS: readonly LineSettings[] = [
  settings(9600, '8N1'),
  settings(9600, '8E1'),
  settings(19200, '8E1'),
  settings(19200, '8N1'),
  settings(38400, '8N1'),
  settings(38400, '8E1'),
  settings(2400, '8N1'),
  settings(2400, '8E1'),
  settings(4800, '8N1'),
  settings(115200, '8N1'),
  settings(57600, '8N1'),
  settings(115200, '8E1'),
  settings(9600, '8O1'),
  settings(19200, '8O1'),
  settings(1200, '8N1'),
];

const upTo = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

/** Where makers leave their devices: 1 by far, then small numbers; Lovato 1, Siemens 126, Lufft 1, SenseAir 254, others 247. */
export const LIKELY_ADDRESSES: readonly number[] = [1, 2, 3, 10, 126, 247, 254];

/** Every address of a serial line, the likely ones first; 254 is beyond the standard and met in the field. */
export const SERIAL_ADDRESSES: readonly number[] = [
  ...new Set([...LIKELY_ADDRESSES.slice(0, 3), ...upTo(1, 32), ...LIKELY_ADDRESSES, ...upTo(33, 247)]),
];

/** Every unit of a TCP endpoint: devices of their own answer at 1, 255 or 0, gateways at those behind them. */
export const TCP_ADDRESSES: readonly number[] = [...new Set([1, 255, 0, ...SERIAL_ADDRESSES])];

/** Where hardly any device is: who answers at all of these answers everywhere. */
export const UNLIKELY_ADDRESSES: readonly number[] = [213, 229, 239];

/** Longest time that a device near at hand takes to answer one register, ms: the wait of a quick look. */
export const probeTimeoutMs = ({ baudRate }: LineSettings): number => {
  const requestAndReplyMs = (15 * 11 * 1000) / baudRate;
  return Math.ceil(150 + 1.5 * requestAndReplyMs);
};
