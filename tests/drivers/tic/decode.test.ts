import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeTic } from '../../../drivers/tic/decode.js';
import { createTicFramer, ETX, STX } from '../../../drivers/tic/frame.js';
import { formatGroup } from '../../../drivers/tic/group.js';
import { parseDate, parseHorodate } from '../../../drivers/tic/horodate.js';
import { STANDARD_LABELS } from '../../../drivers/tic/labels.js';
import { TelegramError } from '../../../drivers/telegram/telegram-error.js';

const frame = (...groups: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from([STX, ...groups.flatMap((group) => [...group]), ETX]);

const counters = [...STANDARD_LABELS].flatMap(([label, { unit }]) => (unit === 'W.h' ? [label] : []));

describe('a frame', () => {
  test('gives every group back, in both modes', () => {
    const index = fc.tuple(fc.constantFrom(...counters), fc.nat(999_999_999));
    fc.assert(
      fc.property(fc.uniqueArray(index, { minLength: 1, selector: ([label]) => label }), (indexes) => {
        const groups = indexes.map(([label, value]) =>
          formatGroup(label, String(value).padStart(9, '0'), 'standard'),
        );
        const { fields } = decodeTic(frame(...groups));
        for (const [label, value] of indexes) expect(fields.get(label)?.value).toBe(value);
      }),
    );
    fc.assert(
      fc.property(fc.nat(999_999_999), fc.nat(999), (index, current) => {
        const { fields } = decodeTic(
          frame(
            formatGroup('BASE', String(index).padStart(9, '0'), 'historic'),
            formatGroup('IINST', String(current).padStart(3, '0'), 'historic'),
          ),
        );
        expect([fields.get('BASE')?.value, fields.get('IINST')?.value]).toEqual([index, current]);
      }),
    );
  });

  test('never gives a wrong value where one bit of a group was turned over', () => {
    const sound = formatGroup('EAST', '001234567', 'standard');
    for (let at = 1; at < sound.length - 1; at++)
      for (let bit = 0; bit < 7; bit++) {
        const damaged = sound.with(at, (sound[at] ?? 0) ^ (1 << bit));
        const bytes = frame(damaged, formatGroup('IRMS1', '004', 'standard'));
        const { fields } = decodeTic(bytes);
        const { value } = fields.get('EAST') ?? { value: null };
        expect([at, bit, value]).toEqual([at, bit, null]);
        expect(fields.get('IRMS1')?.value).toBe(4);
      }
  });

  test('throws nothing but a TelegramError, whatever the bytes', () => {
    const text = fc
      .array(fc.constantFrom(...'EAST\tHCP 0123\r\n\u0002\u0003+-_:/'.split('')))
      .map((characters) => Uint8Array.from(characters, (character) => character.charCodeAt(0)));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 400 }), text), (bytes) => {
        try {
          decodeTic(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(TelegramError);
        }
      }),
    );
  });
});

test('a group that was copied from a screen, with spaces for tabulations, is refused for that reason', () => {
  const copied = Buffer.from('\nEAST    001156667       /\r');
  expect(() => decodeTic(copied)).toThrow(/right with tabulations, which were copied as spaces/);
  expect(() => decodeTic(Buffer.from('\nEAST    001156668       /\r'))).toThrow(/is wrong$/);
});

/** Why a standard group's field has no value. */
const detailOf = (label: string, data: string): string | undefined =>
  decodeTic(formatGroup(label, data, 'standard')).fields.get(label)?.fault?.detail;

test('a field whose data are none says what is wrong with them', () => {
  expect(detailOf('EASF01', '12345678x')).toBe('EASF01 has "x" where only digits belong: "12345678x"');
  expect(detailOf('EASF01', '0000000012')).toContain('has more than 9 digits');
  expect(detailOf('EASF01', '1234x5678')).toContain('is no number');
  expect(detailOf('DATE', 'E261428254299\t')).toContain('"E261428254299" is no horodate: a season');
  expect(detailOf('STGE', '013A00ZZ')).toContain('cannot be "013A00ZZ"');
});

describe('the framer', () => {
  const whole = frame(formatGroup('EAST', '001234567', 'standard'));

  test('gives whole frames, however the bytes come and whatever is between them', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 60 }),
        fc.uint8Array({ maxLength: 50 }).map((bytes) => bytes.filter((byte) => (byte & 0x7f) > ETX + 1)),
        (pieces, garbage) => {
          const take = createTicFramer();
          const line = Uint8Array.from([...garbage, ...whole, ...garbage, ...whole]);
          const frames: Uint8Array[] = [];
          let at = 0;
          for (let index = 0; at < line.length; index++) {
            const size = pieces[index % pieces.length] ?? 1;
            frames.push(...take(line.subarray(at, at + size)));
            at += size;
          }
          expect(frames).toEqual([whole, whole]);
        },
      ),
    );
  });

  test('holds no more than a frame of what never ends', () => {
    const take = createTicFramer();
    for (let round = 0; round < 200; round++)
      expect(
        take(Uint8Array.from([...(round === 0 ? [STX] : []), ...Array<number>(1000).fill(0x41)])),
      ).toEqual([]);
    expect(take(whole)).toEqual([whole]);
  });

  test('gives what came of a frame that the meter broke off', () => {
    const take = createTicFramer();
    const group = formatGroup('BASE', '000000001', 'historic');
    const [broken] = take(Uint8Array.from([STX, ...group, 0x0a, 0x50, 0x04]));
    expect(decodeTic(broken ?? new Uint8Array(0)).fields.get('BASE')?.value).toBe(1);
  });
});

describe('time', () => {
  test('of both hours that come twice in autumn is told by the season', () => {
    expect(parseHorodate('E251026023000')?.time).toBe(Date.UTC(2025, 9, 26, 0, 30));
    expect(parseHorodate('H251026023000')?.time).toBe(Date.UTC(2025, 9, 26, 1, 30));
  });

  test('is told by no horodate without a season, and by none that is no date', () => {
    expect(parseHorodate(' 251026023000')).toEqual({});
    expect(parseHorodate('H251326023000')).toBeUndefined();
    expect(parseHorodate('H250229023000')).toBeUndefined();
  });

  test('of a date without a season follows the clock that the profile names', () => {
    expect(parseDate('12/07/21 16:45:00', undefined)).toEqual({ exists: true });
    expect(parseDate('12/07/21 16:45:00', 'legal').time).toBe(Date.UTC(2021, 6, 12, 14, 45));
    expect(parseDate('12/01/21 16:45:00', 'legal').time).toBe(Date.UTC(2021, 0, 12, 15, 45));
    expect(parseDate('12/07/21 16:45:00', 'winter').time).toBe(Date.UTC(2021, 6, 12, 15, 45));
    expect(parseDate('26/10/25 02:30:00', 'legal')).toEqual({ exists: true });
    expect(parseDate('30/03/25 02:30:00', 'legal')).toEqual({ exists: true });
    expect(parseDate('31/02/25 02:30:00', 'utc')).toEqual({ exists: false });
  });
});
