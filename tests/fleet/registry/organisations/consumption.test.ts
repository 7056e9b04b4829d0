import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  consumptionOf,
  type Index,
  type Leg,
  type Legs,
} from '../../../../fleet/registry/organisations/consumption.js';

const STEP = 1000;
const PROPERTY = 'water_volume';

/** What happens between two readings: something is used; the meter may be reset, or replaced. */
interface Happening {
  readonly used: number;
  readonly event: 'nothing' | 'reset' | 'replaced' | 'replaced-unread';
}

interface Meter {
  readonly leg: {
    installation: { from: number; to: number | null; firstIndex: object | null; lastIndex: object | null };
  } & Leg;
  readonly said: Index[];
}

/** A pipe, and the meters that hang on it one after another: what they say, and what truly ran through. */
const run = (happenings: readonly Happening[], rollover: number | undefined, first: number) => {
  const meters: Meter[] = [];
  let dial = first;
  let time = STEP;
  const hang = (from: number, firstIndex: number | null): Meter => {
    const installation = {
      id: `i${meters.length}`,
      deviceId: `d${meters.length}`,
      locationId: 'l',
      serial: null,
      ratio: 1,
      offset: 0,
      pulseWeight: null,
      revisedRatio: null,
      firstIndex: firstIndex === null ? null : { [PROPERTY]: firstIndex },
      lastIndex: null,
      from,
      to: null,
    };
    const meter = { leg: { installation, property: PROPERTY, pointId: installation.id, rollover }, said: [] };
    meters.push(meter);
    return meter;
  };
  const advance = (used: number): void => {
    dial = rollover === undefined ? dial + used : (dial + used) % rollover;
  };
  let meter = hang(0, null);
  meter.said.push({ time, value: dial });
  // what ran through and was seen by two readings of one meter, or by its indexes
  let seen = 0;
  let lacks = 0;
  for (const { used, event } of happenings) {
    const before = dial;
    if (event === 'reset') {
      dial = used;
      // a meter that was reset shows less than before, or nobody can tell
      if (dial >= before) seen += dial - before;
      else if (rollover !== undefined && dial - before + rollover < rollover / 2)
        seen += dial - before + rollover;
      else lacks += 1;
    } else {
      advance(used);
      seen += used;
    }
    if (event === 'replaced' || event === 'replaced-unread') {
      const at = time + STEP / 2;
      const read = event === 'replaced';
      Object.assign(meter.leg.installation, { to: at, lastIndex: read ? { [PROPERTY]: dial } : null });
      if (!read) {
        seen -= used;
        lacks += 1;
      }
      dial = 5;
      meter = hang(at, read ? dial : null);
      if (!read) lacks += 1;
    }
    time += STEP;
    meter.said.push({ time, value: dial });
  }
  return { meters, seen, lacks, end: time + 1 };
};

const sourceOf = (meters: readonly Meter[]): Legs => {
  const saidBy = ({ pointId }: Leg): readonly Index[] =>
    meters.find(({ leg }) => leg.pointId === pointId)?.said ?? [];
  return {
    indexes: (leg, { from, to }) => saidBy(leg).filter(({ time }) => time >= from && time < to),
    before: (leg, time) => saidBy(leg).findLast((index) => index.time < time),
    readable: () => true,
  };
};

const happening = fc.record({
  used: fc.integer({ min: 0, max: 40 }),
  event: fc.constantFrom<Happening['event']>(
    'nothing',
    'nothing',
    'nothing',
    'reset',
    'replaced',
    'replaced-unread',
  ),
});

test('what a location used is what ran through, across rollover, reset and replacement; what is not known is said', () => {
  fc.assert(
    fc.property(
      fc.array(happening, { minLength: 1, maxLength: 40 }),
      fc.constantFrom(undefined, 100, 1000),
      fc.integer({ min: 0, max: 99 }),
      (happenings, rollover, first) => {
        const { meters, seen, lacks, end } = run(happenings, rollover, first);
        const legs = meters.map(({ leg }) => leg);
        const whole = consumptionOf(legs, sourceOf(meters), { from: 0, to: end });
        expect(whole.value ?? 0).toBe(seen);
        expect(whole.missing).toHaveLength(lacks);
        // cut anywhere, the parts add up to the whole
        const parts = happenings.map((_, index) => ({ from: index * STEP + 1, to: (index + 1) * STEP + 1 }));
        const all = [...parts, { from: happenings.length * STEP + 1, to: end }];
        const sum = all.reduce(
          (total, span) => total + (consumptionOf(legs, sourceOf(meters), span).value ?? 0),
          0,
        );
        expect(sum).toBe(seen);
      },
    ),
    { numRuns: 500 },
  );
});
