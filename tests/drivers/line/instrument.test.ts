import { expect, it } from 'vitest';
import { createChecksum } from '../../../drivers/line/checksum.js';
import { lineDialect } from '../../../drivers/line/dialect.js';
import { createInstrument, instrumentOf } from '../../../drivers/line/instrument.js';
import type { ChecksumSection, LineSection } from '../../../drivers/line/section.js';
import { TelegramError } from '../../../drivers/telegram/telegram-error.js';

const decode = (section: LineSection, line: string): Record<string, unknown> => {
  const { fields } = createInstrument(section).decode(Buffer.from(line, 'latin1'));
  return Object.fromEntries([...fields].map(([name, { value }]) => [name, value]));
};

it.each<[ChecksumSection['type'], string]>([
  ['xor', '31'],
  ['sum8', 'DD'],
  ['sum8-complement', '23'],
  ['crc16-modbus', '4B37'],
  ['crc16-xmodem', '31C3'],
  ['crc16-ccitt', '29B1'],
])('the %s of "123456789" is %s', (type, sum) => {
  const checksum = createChecksum({ type, before: '*' });
  expect(checksum.line('123456789')).toBe(`123456789*${sum}`);
  expect(checksum.body(`123456789*${sum.toLowerCase()}`)).toBe('123456789');
  expect(() => checksum.body(`123456788*${sum}`)).toThrow(TelegramError);
});

it('finds a sum at the end of the line, in decimal digits, over the texts around as well', () => {
  const checksum = createChecksum({ type: 'sum8', after: ':', includes: 'after', digits: 'decimal' });
  expect(checksum.line('AB')).toBe(':AB189');
  expect(checksum.body('noise:AB189\r\n')).toBe('AB');
});

it('reads columns of fixed widths', () => {
  const columns = { widths: [2, 8, 3], names: ['address', 'level', 'unit'] };
  expect(decode({ columns, fields: { unit: { type: 'text' } } }, '07  12.345cm ')).toEqual({
    address: '07',
    level: 12.345,
    unit: 'cm',
  });
  expect(() => decode({ columns }, '07  12.345cm and more')).toThrow('has 4 columns where 3 are expected');
});

it('reads columns that are set apart by any number of blanks', () => {
  const columns = { separator: ' ', names: ['a', '-', 'b'] };
  expect(decode({ columns }, '  1.5   junk 2  ')).toEqual({ a: 1.5, b: 2 });
});

it('refuses a line with a column too many, rather than to shift them', () => {
  const columns = { separator: ',', names: ['a', 'b'] };
  expect(() => decode({ columns }, '1,2,3')).toThrow(TelegramError);
});

it.each([
  ['12.5', 12.5],
  ['-   12.5', -12.5],
  ['+.5', 0.5],
  ['1e3', 1000],
  ['1e999', null],
  ['12,5', null],
  ['0x10', null],
  ['12.5.', null],
  ['1 2', null],
])('takes "%s" for %s', (text, value) => {
  expect(decode({ pattern: '(?<value>.*)' }, text)).toEqual({ value });
});

it('keeps counters exact, and refuses what is beyond 64 bits', () => {
  const section: LineSection = { pattern: '(?<value>.*)', fields: { value: { type: 'integer' } } };
  expect(decode(section, '9223372036854775807')).toEqual({ value: 9223372036854775807n });
  expect(decode(section, '9223372036854775808')).toEqual({ value: null });
  expect(decode(section, '12.5')).toEqual({ value: null });
});

it.each<[string, LineSection, string]>([
  ['neither pattern nor columns', {}, 'either pattern or columns'],
  ['a field that no line has', { pattern: '(?<a>.)', fields: { b: {} } }, 'a field b'],
  ['a unit without units', { pattern: '(?<a>.)(?<u>.)', fields: { a: { unit: 'u' } } }, 'together'],
  ['widths for too few names', { columns: { widths: [1, 2], names: ['a'] } }, '2 widths'],
  ['an escape that is not known', { pattern: '.', command: String.raw`\q` }, String.raw`\q`],
])('says what is wrong with %s', (_, section, why) => {
  expect(() => createInstrument(section)).toThrow(why);
  expect(lineDialect.telegrams?.check?.(section)).toContain(why);
});

it('makes one instrument of one section', () => {
  const section = { pattern: '(?<a>.)' };
  expect(instrumentOf(section)).toBe(instrumentOf(section));
});
