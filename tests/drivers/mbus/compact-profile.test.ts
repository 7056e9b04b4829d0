import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { fieldsOf } from '../../../drivers/mbus/application/fields.js';
import { spacedTime, readSpacing, type Spacing } from '../../../drivers/mbus/application/profile-spacing.js';
import { readUserData } from '../../../drivers/mbus/application/user-data.js';
import { TelegramError } from '../../../drivers/telegram/telegram-error.js';
import type { Telegram } from '../../../drivers/telegram/telegram.js';

const BASE = Date.UTC(2026, 5, 1);
/** 1 June 2026 00:00 of storage 8, as type F. */
const BASE_TIME = [0x84, 0x04, 0x6d, 0x00, 0x20, 0x41, 0x36];
const VOLUME_DM3 = 0x13;
const FORWARD = 0x1f;
const INVERSE = 0x13;
const CLOCK = { utcOffsetMin: 0 };

const read = (records: readonly number[]): Omit<Telegram, 'address'> =>
  fieldsOf([readUserData(0x78, Uint8Array.from(records))], CLOCK);

const int32 = (value: number): readonly number[] => {
  const data = Buffer.alloc(4);
  data.writeInt32LE(value);
  return [...data];
};
const baseValue = (dm3: number): readonly number[] => [0x84, 0x04, VOLUME_DM3, ...int32(dm3)];
const profile = (vife: number, control: number, value: number, elements: readonly number[]) => [
  0x8d,
  0x04,
  VOLUME_DM3 | 0x80,
  vife,
  2 + elements.length,
  control,
  value,
  ...elements,
];

/** Absolute values, increments, decrements, signed differences: what each sends for a value after the one before it. */
const MODES = [0, 1, 2, 3] as const;
const sent = (mode: number, before: number, value: number): number =>
  mode === 0 ? value : mode === 2 ? before - value : value - before;

it('reads back what any mode and direction sends, each value a spacing further, in cubic metres', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...MODES),
      fc.boolean(),
      fc.array(fc.nat({ max: 100_000 }), { minLength: 2, maxLength: 40 }),
      fc.integer({ min: 1, max: 250 }),
      (mode, inverse, numbers, minutes) => {
        // Increments and decrements have no sign: their values run one way. What is sent inverse runs back in time.
        const rising = (mode === 1) !== (mode !== 0 && inverse);
        const ordered = numbers.toSorted((a, b) => (rising ? a - b : b - a));
        const [first = 0, ...values] = mode === 1 || mode === 2 ? ordered : numbers;
        const elements = values.flatMap((value, index) => {
          const before = values[index - 1] ?? first;
          return int32(inverse && mode !== 0 ? sent(mode, value, before) : sent(mode, before, value));
        });
        const control = (mode << 6) | 0x14;
        const { fields } = read([
          ...BASE_TIME,
          ...baseValue(first),
          ...profile(inverse ? INVERSE : FORWARD, control, minutes, elements),
        ]);
        for (const [index, value] of values.entries()) {
          const field = fields.get(`volume storage ${9 + index}`);
          expect(field?.value).toBe(value / 1000);
          const at = BASE + (inverse ? -1 : 1) * (index + 1) * minutes * 60_000;
          expect(field?.deviceTime).toBe(at);
        }
      },
    ),
  );
});

it('throws nothing but its own error on any profile, and gives no more fields than it has bytes', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(0x13, 0x1e, 0x1f),
      fc.nat({ max: 255 }),
      fc.nat({ max: 255 }),
      fc.array(fc.nat({ max: 255 }), { maxLength: 180 }),
      (vife, control, value, elements) => {
        try {
          const { fields } = read([
            ...BASE_TIME,
            ...baseValue(5),
            ...profile(vife, control, value, elements),
          ]);
          expect(fields.size).toBeLessThanOrEqual(3 + elements.length);
        } catch (error) {
          expect(error).toBeInstanceOf(TelegramError);
        }
      },
    ),
    { numRuns: 1000 },
  );
});

it('takes no value of another tariff, scale or storage for the one to count from', () => {
  const counted = profile(FORWARD, 0x54, 1, int32(5));
  for (const other of [
    [0x84, 0x14, VOLUME_DM3, ...int32(7)],
    [0x84, 0x04, VOLUME_DM3 + 1, ...int32(7)],
    [0x84, 0x05, VOLUME_DM3, ...int32(7)],
    [0x94, 0x04, VOLUME_DM3, ...int32(7)],
  ]) {
    const { fields } = read([...BASE_TIME, ...other, ...counted]);
    expect(fields.get('volume storage 9')).toBeUndefined();
    expect(fields.get('volume compact profile storage 8')?.fault?.detail).toContain('to count from');
  }
});

it('has no value after one that the device marks invalid, and none from a base that is none', () => {
  const increments = profile(FORWARD, 0x51, 1, [1, 0xff, 1]);
  const { fields } = read([...BASE_TIME, ...baseValue(1000), ...increments]);
  expect(fields.get('volume storage 9')?.value).toBe(1.001);
  for (const storage of [10, 11])
    expect(fields.get(`volume storage ${storage}`)).toMatchObject({
      value: null,
      fault: { code: 'sentinel' },
    });
  const invalid = read([...BASE_TIME, 0x84, 0x04, VOLUME_DM3, 0, 0, 0, 0x80, ...increments]);
  expect(invalid.fields.get('volume storage 9')).toMatchObject({ value: null });
});

const spacing = (unit: number, value: number): Spacing => {
  const parsed = readSpacing(unit, value);
  if ('problem' in parsed) throw new Error(parsed.problem);
  return parsed;
};
const day = (text: string): number => Date.parse(`${text}T00:00:00Z`);

it.each([
  ['2026-01-31', 254, 3, 1, '2026-02-28'],
  ['2026-02-28', 254, 3, 1, '2026-03-31'],
  ['2026-01-30', 254, 3, 1, '2026-02-28'],
  ['2026-01-30', 254, 3, 2, '2026-03-30'],
  ['2026-03-15', 254, 2, -1, '2025-12-15'],
  ['2026-03-01', 254, 1, -1, '2025-09-01'],
  ['2026-03-01', 253, 3, -1, '2026-02-16'],
  ['2026-03-16', 253, 3, 1, '2026-04-01'],
  ['2026-02-15', 253, 3, 1, '2026-02-28'],
  ['2026-02-28', 253, 3, 1, '2026-03-15'],
  ['2026-03-31', 253, 3, -2, '2026-02-28'],
])('goes from %s by spacing %i of unit %i %i times to %s', (from, value, unit, steps, to) => {
  expect(spacedTime(day(from), spacing(unit, value), steps)).toBe(day(to));
});
