import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { deviceTime } from '../../../drivers/line/device-time.js';

it('reads every time back, of a clock ahead of UTC or behind', () => {
  const time = fc.integer({ min: Date.UTC(2000, 0), max: Date.UTC(2090, 0) });
  fc.assert(
    fc.property(time, (utc) => {
      const text = new Date(utc).toISOString().slice(0, -1);
      expect(deviceTime(text)).toBe(utc);
      expect(deviceTime(text, '+01:00')).toBe(utc - 3_600_000);
      expect(deviceTime(text, '-02:30')).toBe(utc + 9_000_000);
    }),
  );
});

it.each(['', '2026-02-30T10:00:00', '2026-13-01T10:00:00', '2026-01-01T24:00:00', '2026-01-01', '10:00'])(
  'takes "%s" for no time',
  (text) => {
    expect(deviceTime(text)).toBeUndefined();
  },
);
