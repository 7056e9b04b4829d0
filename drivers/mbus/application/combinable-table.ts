import { DURATION_S } from './meaning.js';

/** What a combinable value information does to the record that it stands in (EN 13757-3, "Combinable VIFE-codes"). */
export type Combinable =
  /** Says more exactly what is measured. */
  | { readonly kind: 'qualifier'; readonly name: string }
  /** The data are no longer of the quantity, but a point in time, a duration (in s) or a number of times. */
  | { readonly kind: 'time'; readonly name: string }
  | { readonly kind: 'duration'; readonly name: string; readonly times: number }
  | { readonly kind: 'count'; readonly name: string }
  /** The data are bytes in a form of their own. */
  | { readonly kind: 'opaque'; readonly name: string }
  /** The data are many values, one step of time after (inverse: before) the other. */
  | { readonly kind: 'profile'; readonly name: string; readonly inverse: boolean }
  | { readonly kind: 'factor'; readonly exponent: number }
  /** Added in the unit of the value information, after the factor. */
  | { readonly kind: 'addend'; readonly exponent: number }
  /** There is no value, and why. */
  | { readonly kind: 'error'; readonly name: string }
  /** Explicitly no error. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'unreadable'; readonly name: string }
  /** The data are an unsigned number (type C), or bits (type D). */
  | { readonly kind: 'unsigned' }
  | { readonly kind: 'bits' };

/** Of the device to its master, E000 0000 to E001 1100. */
const ERRORS: readonly (readonly [number, string])[] = [
  [0x01, 'too many DIFEs'],
  [0x02, 'storage number not implemented'],
  [0x03, 'unit number not implemented'],
  [0x04, 'tariff number not implemented'],
  [0x05, 'function not implemented'],
  [0x06, 'data class not implemented'],
  [0x07, 'data size not implemented'],
  [0x0b, 'too many VIFEs'],
  [0x0c, 'illegal VIF group'],
  [0x0d, 'illegal VIF exponent'],
  [0x0e, 'VIF and DIF do not match'],
  [0x0f, 'action not implemented'],
  [0x15, 'no data available'],
  [0x16, 'data overflow'],
  [0x17, 'data underflow'],
  [0x18, 'data error'],
  [0x1c, 'premature end of record'],
];

const QUALIFIERS: readonly (readonly [number, string])[] = [
  [0x12, 'average'],
  [0x14, 'relative deviation'],
  [0x1d, 'standard conform'],
  [0x20, 'per second'],
  [0x21, 'per minute'],
  [0x22, 'per hour'],
  [0x23, 'per day'],
  [0x24, 'per week'],
  [0x25, 'per month'],
  [0x26, 'per year'],
  [0x27, 'per revolution'],
  [0x28, 'per pulse of input 0'],
  [0x29, 'per pulse of input 1'],
  [0x2a, 'per pulse of output 0'],
  [0x2b, 'per pulse of output 1'],
  [0x2c, 'per litre'],
  [0x2d, 'per m3'],
  [0x2e, 'per kg'],
  [0x2f, 'per K'],
  [0x30, 'per kWh'],
  [0x31, 'per GJ'],
  [0x32, 'per kW'],
  [0x33, 'per K and litre'],
  [0x34, 'per V'],
  [0x35, 'per A'],
  [0x36, 'times s'],
  [0x37, 'times s per V'],
  [0x38, 'times s per A'],
  [0x3a, 'uncorrected'],
  [0x3b, 'forward'],
  [0x3c, 'backward'],
  [0x3e, 'at base conditions'],
  [0x40, 'lower limit'],
  [0x44, 'times flow temperature'],
  [0x45, 'times return temperature'],
  [0x48, 'upper limit'],
  [0x68, 'during lower limit exceed'],
  [0x69, 'leakage'],
  [0x6c, 'during upper limit exceed'],
  [0x6d, 'overflow'],
  [0x7e, 'future'],
];

const limit = (code: number): string => ((code & 0x08) === 0 ? 'lower' : 'upper');
const which = (code: number): string => ((code & 0x04) === 0 ? 'first' : 'last');
const edge = (code: number): string => ((code & 0x01) === 0 ? 'begin' : 'end');

const createCombinableTable = (): ReadonlyMap<number, Combinable> => {
  const table = new Map<number, Combinable>([[0x00, { kind: 'nothing' }]]);
  for (const [code, name] of ERRORS) table.set(code, { kind: 'error', name });
  for (const [code, name] of QUALIFIERS) table.set(code, { kind: 'qualifier', name });
  table.set(0x13, { kind: 'profile', name: 'inverse compact profile', inverse: true });
  table.set(0x1e, { kind: 'profile', name: 'compact profile with registers', inverse: false });
  table.set(0x1f, { kind: 'profile', name: 'compact profile', inverse: false });
  table.set(0x39, { kind: 'time', name: 'start' });
  table.set(0x3d, { kind: 'unreadable', name: 'in units that are not metric' });
  table.set(0x3f, { kind: 'opaque', name: 'OBIS declaration' });
  for (const code of [0x41, 0x49])
    table.set(code, { kind: 'count', name: `exceeds of ${limit(code)} limit` });
  for (const code of [0x42, 0x43, 0x46, 0x47, 0x4a, 0x4b, 0x4e, 0x4f])
    table.set(code, { kind: 'time', name: `${edge(code)} of ${which(code)} ${limit(code)} limit exceed` });
  for (let code = 0x50; code < 0x60; code++)
    table.set(code, {
      kind: 'duration',
      name: `duration of ${which(code)} ${limit(code)} limit exceed`,
      times: DURATION_S[code & 3] ?? 1,
    });
  for (let code = 0x60; code < 0x68; code++)
    table.set(code, {
      kind: 'duration',
      name: `duration of ${which(code)}`,
      times: DURATION_S[code & 3] ?? 1,
    });
  for (const code of [0x6a, 0x6b, 0x6e, 0x6f])
    table.set(code, { kind: 'time', name: `${edge(code)} of ${which(code)}` });
  for (let n = 0; n < 8; n++) table.set(0x70 + n, { kind: 'factor', exponent: n - 6 });
  for (let n = 0; n < 4; n++) table.set(0x78 + n, { kind: 'addend', exponent: n - 3 });
  table.set(0x7d, { kind: 'factor', exponent: 3 });
  return table;
};

const qualifier = (name: string): Combinable => ({ kind: 'qualifier', name });

export const COMBINABLE: ReadonlyMap<number, Combinable> = createCombinableTable();

/** Behind FC (EN 13757-3, "Extension of combinable VIFE-codes"). */
export const COMBINABLE_EXTENSION: ReadonlyMap<number, Combinable> = new Map([
  [0x01, qualifier('L1')],
  [0x02, qualifier('L2')],
  [0x03, qualifier('L3')],
  [0x04, qualifier('N')],
  [0x05, qualifier('L1 to L2')],
  [0x06, qualifier('L2 to L3')],
  [0x07, qualifier('L3 to L1')],
  [0x08, qualifier('Q1')],
  [0x09, qualifier('Q2')],
  [0x0a, qualifier('Q3')],
  [0x0b, qualifier('Q4')],
  [0x0c, qualifier('import less export')],
  [0x0d, { kind: 'unreadable', name: 'in units that are not metric' }],
  [0x0e, qualifier('second sensor')],
  [0x0f, qualifier('high resolution')],
  [0x10, qualifier('absolute')],
  [0x11, { kind: 'unsigned' }],
  [0x12, { kind: 'bits' }],
  [0x13, { kind: 'time', name: 'end' }],
  [0x14, qualifier('to meter')],
  [0x15, qualifier('from meter')],
  [0x16, qualifier('liquid')],
  [0x17, qualifier('gas')],
  [0x18, qualifier('outdoors')],
  [0x25, qualifier('L1 to L2')],
  [0x26, qualifier('L2 to L3')],
  [0x27, qualifier('L3 to L1')],
]);
