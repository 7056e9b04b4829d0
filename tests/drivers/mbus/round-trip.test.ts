import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeTelegram } from '../../../drivers/mbus/decode-telegram.js';
import { encodeLong, readReply } from '../../../drivers/mbus/link/frame.js';
import { mbusAddressText, parseMbusAddress, selectionData } from '../../../drivers/mbus/address.js';
import { crcOfMeters } from '../../../drivers/mbus/application/crc.js';
import { createFormats } from '../../../drivers/mbus/application/formats.js';
import { readFieldName } from '../../../drivers/mbus/application/names.js';
import { readUserData } from '../../../drivers/mbus/application/user-data.js';
import { recordForm } from '../../../drivers/mbus/simulator/records.js';
import { TelegramError } from '../../../drivers/telegram/telegram-error.js';

const HEADER = [0x78, 0x56, 0x34, 0x12, 0xb2, 0x50, 1, 4, 0, 0, 0, 0];
const telegram = (records: Uint8Array, ci = 0x72): Uint8Array =>
  encodeLong(0x08, 1, ci, Uint8Array.of(...HEADER, ...records));

const STEMS = [
  'energy',
  'volume',
  'power',
  'volume flow',
  'flow temperature',
  'pressure',
  'volume backward',
  'voltage L1',
  'reactive energy',
  'unit %RH',
  'power average',
];
const place = fc.record({
  fn: fc.constantFrom('', ' max', ' min'),
  storage: fc.nat({ max: 2 ** 20 }),
  tariff: fc.nat({ max: 255 }),
  subunit: fc.nat({ max: 15 }),
});
const part = (name: string, number: number): string => (number === 0 ? '' : ` ${name} ${number}`);

it('decodes what the simulator sends under the name it was asked for, to the last step of its scale', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...STEMS),
      place,
      fc.double({ min: -1000, max: 100_000, noNaN: true }),
      (stem, { fn, storage, tariff, subunit }, value) => {
        const field = `${stem}${fn}${part('storage', storage)}${part('tariff', tariff)}${part('subunit', subunit)}`;
        const { header, encode } = recordForm(field, 100_000);
        const { fields } = decodeTelegram(telegram(Uint8Array.of(...header, ...encode(value))), undefined);
        const halfStep = stem === 'reactive energy' ? 0.5 : 0.00501;
        expect(Math.abs(Number(fields.get(field)?.value) - value)).toBeLessThanOrEqual(halfStep);
        expect(readFieldName(field)).toMatchObject({ value: { name: field } });
      },
    ),
  );
});

it('throws nothing but its own error on any records, and names every field so that a profile can', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.oneof(fc.constantFrom(0x72, 0x76, 0x73, 0x77, 0x7a, 0x78, 0x79, 0x69), fc.nat({ max: 255 })),
      (records, ci) => {
        try {
          for (const name of decodeTelegram(telegram(records, ci), undefined).fields.keys())
            expect(readFieldName(name)).toMatchObject({ value: { name } });
        } catch (error) {
          expect(error).toBeInstanceOf(TelegramError);
        }
      },
    ),
    { numRuns: 2000 },
  );
});

const record = fc.constantFrom(...STEMS, 'customer').map((stem) => {
  const { header, encode } = recordForm(stem, 1000);
  const data = encode(stem === 'customer' ? 'Commune' : 12.5);
  return { header, data };
});
const word = (value: number): readonly number[] => [value & 0xff, value >> 8];

it('reads a compact frame as the full frame before it, and no other', () => {
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 8 }), fc.nat(), (records, flip) => {
      const full = Buffer.concat(records.flatMap(({ header, data }) => [header, data]));
      const headers = Buffer.concat(records.map(({ header }) => header));
      const values = Buffer.concat(records.map(({ data }) => data));
      const stated = [...word(crcOfMeters(headers)), ...word(crcOfMeters(full))];
      const compact = Uint8Array.of(...stated, ...values);
      const formats = createFormats();
      expect(() => readUserData(0x79, compact, formats)).toThrow('is not known');
      const read = readUserData(0x78, full, formats);
      expect(readUserData(0x79, compact, formats)).toEqual(read);
      const at = flip % compact.length;
      expect(() => readUserData(0x79, compact.with(at, (compact[at] ?? 0) ^ 1), formats)).toThrow(
        TelegramError,
      );
    }),
  );
});

const manyHeaders = (n: number): Uint8Array =>
  Uint8Array.of(0x81, n & 0x0f, 0x04, 0x10 | (n & 7), n >> 8, n & 0xff);

it('keeps a bounded number of formats', () => {
  const formats = createFormats();
  for (let n = 0; n < 600; n++) formats.keep(manyHeaders(n));
  expect(formats.find(crcOfMeters(manyHeaders(0)))).toBeUndefined();
  expect(formats.find(crcOfMeters(manyHeaders(599)))).toEqual(manyHeaders(599));
});

it('throws nothing but its own error on any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      try {
        decodeTelegram(bytes, undefined);
      } catch (error) {
        expect(error).toBeInstanceOf(TelegramError);
      }
    }),
  );
});

it('finds a reply behind any garbage that is no frame, and in any pieces', () => {
  const frame = telegram(Uint8Array.of(0x02, 0x13, 5, 0));
  const noise = fc.uint8Array({ maxLength: 40 }).map((bytes) => bytes.filter((byte) => byte !== 0x68));
  fc.assert(
    fc.property(noise, fc.nat({ max: frame.length - 1 }), (garbage, cut) => {
      const whole = Uint8Array.of(...garbage, ...frame);
      expect(readReply(whole.subarray(0, garbage.length + cut)).kind).toBe('more');
      expect(readReply(whole)).toMatchObject({ kind: 'reply', value: { address: 1, ci: 0x72 } });
    }),
  );
});

it('notices every damaged byte of a frame', () => {
  const frame = telegram(Uint8Array.of(0x02, 0x13, 5, 0));
  fc.assert(
    fc.property(fc.nat({ max: frame.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const damaged = frame.with(at, (frame[at] ?? 0) ^ flip);
      expect(() => decodeTelegram(damaged, undefined)).toThrow(TelegramError);
    }),
  );
});

it.each([
  ['5', '5'],
  ['005', '5'],
  ['254', '254'],
  ['12345678', '12345678'],
  ['12345678.kam.01.04', '12345678.KAM.01.04'],
  ['12345678.*.01.*', '12345678.*.01.*'],
  ['123456782D2C0104', '12345678.KAM.01.04'],
  ['12345678FFFFFFFF', '12345678'],
  ['12345678/00000009', '12345678/00000009'],
])('reads the address %s as %s', (text, form) => {
  const address = parseMbusAddress(text);
  expect(address === undefined ? undefined : mbusAddressText(address)).toBe(form);
});

it.each(['251', '253', '255', '1234567', 'x', '-1', '12345678.KAMX.01.04'])(
  'refuses the address %s',
  (text) => {
    expect(parseMbusAddress(text)).toBeUndefined();
  },
);

it('lays a selection out as the standard does, absent parts as wildcards', () => {
  const data = selectionData({ identification: '12345678', manufacturer: 'KAM', fabrication: '00000009' });
  expect(Buffer.from(data).toString('hex')).toBe('785634122d2cffff0c7809000000');
});
