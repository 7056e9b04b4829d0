import { expect, test } from 'vitest';
import { wearOf } from '../../../agent/buffer/wear.js';

const DAY_MS = 86_400_000;
const TB = 1e12;

test('wear is bytes a reading and years of the card at the rate so far', () => {
  const { writtenBytesPerReading, yearsOfCard } = wearOf(110e6, 1_000_000, DAY_MS, 10 * TB);
  expect(writtenBytesPerReading).toBe(110);
  expect(yearsOfCard).toBeCloseTo(10e12 / (110e6 * 365.25), 0);
});

test('of a start nothing is forecast, and where the system does not tell, nothing is said', () => {
  expect(wearOf(8_000_000, 2, 14_000, 10 * TB)).toEqual({ writtenBytes: 8_000_000 });
  expect(wearOf(undefined, 1_000_000, DAY_MS, 10 * TB)).toEqual({});
});
