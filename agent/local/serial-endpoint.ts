import type { Endpoint } from '../../drivers/driver.js';
import { LocalError } from './errors.js';

export type SerialEndpoint = Extract<Endpoint, { type: 'serial' }>;

const DEFAULT_BAUD = '9600';
/** What most meters leave the factory with, whatever the specification says (2.5.1: 8E1). */
const DEFAULT_FORMAT = '8N1';
const PARITIES: ReadonlyMap<string, SerialEndpoint['parity']> = new Map([
  ['N', 'none'],
  ['E', 'even'],
  ['O', 'odd'],
]);

/** Data bits, parity and stop bits as people write them: `8N1`, `8E1`. */
export const serialFormat = ({ dataBits, parity, stopBits }: SerialEndpoint): string =>
  `${dataBits}${parity.charAt(0).toUpperCase()}${stopBits}`;

/** A serial port as a command line gives it. Throws `LocalError` 'usage'. */
export const serialEndpoint = (
  path: string,
  baud: string = DEFAULT_BAUD,
  format: string = DEFAULT_FORMAT,
): SerialEndpoint => {
  const baudRate = Number(baud);
  if (!Number.isInteger(baudRate) || baudRate < 300 || baudRate > 4_000_000)
    throw new LocalError('usage', `--baud takes a line speed such as 9600, not "${baud}"`);
  const [, data, parity, stop] = /^([78])([NEO])([12])$/.exec(format.toUpperCase()) ?? [];
  if (data === undefined)
    throw new LocalError(
      'usage',
      `--format takes data bits, parity and stop bits such as 8N1, not "${format}"`,
    );
  return {
    type: 'serial',
    path,
    baudRate,
    dataBits: data === '7' ? 7 : 8,
    parity: PARITIES.get(parity ?? '') ?? 'none',
    stopBits: stop === '2' ? 2 : 1,
  };
};
