import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { packagedProfiles } from '../../../agent/twin/packaged.js';
import { instrumentOf } from '../../../drivers/line/instrument.js';
import { createLineFramer, MOST_LINE_BYTES } from '../../../drivers/line/line-framer.js';
import { writeLine } from '../../../drivers/line/simulator/write-line.js';
import { listProfiles, loadProfile } from '../../../drivers/profile-file.js';
import { isFieldPoint } from '../../../drivers/profile.js';
import { createPointValues } from '../../../drivers/simulator/point-values.js';
import { samplesOf } from '../../../drivers/telegram/samples-of.js';
import { TelegramError } from '../../../drivers/telegram/telegram-error.js';

const profiles = listProfiles([packagedProfiles])
  .map((id) => loadProfile([packagedProfiles], id))
  .filter(({ protocol }) => protocol === 'line');

it('serves profiles of several makers', () => {
  expect(profiles.length).toBeGreaterThanOrEqual(10);
});

it.each(profiles)('$id: what the simulator writes is what the driver reads', (profile) => {
  const instrument = instrumentOf(profile.section);
  const points = profile.points.filter(isFieldPoint);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 0, max: 1e9 }), (seed, second) => {
      const values = createPointValues(seed);
      const time = Date.UTC(2026, 0) + second * 1000;
      const line = writeLine(instrument, profile, '', values, time);
      const [framed] = createLineFramer(instrument.terminator, false)(line);
      const samples = samplesOf(points, instrument.decode(framed ?? line), 0);
      const sound = samples.filter(({ fault }) => fault === undefined);
      // Of a message in several kinds only one is written.
      expect(sound.length).toBeGreaterThan(0);
      for (const { point: key, value } of sound) {
        const point = points.find((each) => each.key === key);
        if (point === undefined || typeof value !== 'number' || point.property === 'vehicle_count') continue;
        const meant = Number(values(point, time));
        expect(Math.abs(value - meant)).toBeLessThan(0.51);
      }
    }),
    { numRuns: 40 },
  );
});

it.each(profiles)('$id: any bytes give a telegram or a TelegramError', (profile) => {
  const instrument = instrumentOf(profile.section);
  const [vector] = profile.telegrams ?? [];
  const sound = Buffer.from(vector?.raw ?? '', 'hex');
  const spoilt = fc
    .tuple(fc.nat(Math.max(0, sound.length - 1)), fc.integer({ min: 0, max: 255 }))
    .map(([at, byte]) => Uint8Array.from(sound).with(at, byte));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), spoilt), (bytes) => {
      try {
        instrument.decode(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(TelegramError);
      }
    }),
    { numRuns: 60 },
  );
});

it('frames the same lines however the bytes are cut', () => {
  const lines = ['S S     100.00 g', 'second', 'x'];
  const bytes = Buffer.from(lines.map((line) => `${line}\r\n`).join(''), 'latin1');
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 10 }), { minLength: 1 }),
      fc.constantFrom(undefined, '\r\n'),
      (cuts, terminator) => {
        const frame = createLineFramer(terminator, false);
        const got: string[] = [];
        for (let at = 0, index = 0; at < bytes.length; index++) {
          const size = cuts[index % cuts.length] ?? 1;
          got.push(
            ...frame(bytes.subarray(at, at + size)).map((line) => Buffer.from(line).toString('latin1')),
          );
          at += size;
        }
        expect(got).toEqual(lines);
      },
    ),
  );
});

it('throws an endless line away up to its end, and the one that was under way at the start', () => {
  const frame = createLineFramer(undefined, true);
  expect(frame(Buffer.from('4.20\n5.10\n'))).toEqual([Buffer.from('5.10')]);
  for (let kilobyte = 0; kilobyte < 64; kilobyte++)
    expect(frame(Buffer.alloc(MOST_LINE_BYTES, 'a'))).toEqual([]);
  expect(frame(Buffer.from('aaa\n6.30\n'))).toEqual([Buffer.from('6.30')]);
});

it('keeps a terminator that is cut in two out of an endless line', () => {
  const frame = createLineFramer('\r\n', false);
  frame(Buffer.alloc(2 * MOST_LINE_BYTES, 'a'));
  frame(Buffer.from('\r'));
  expect(frame(Buffer.from('\n7\r\n'))).toEqual([Buffer.from('7')]);
});
