import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ownerOf } from '../agreement-under-test.js';
import { T0 } from '../../projections/fleet-of-views.js';
import {
  isReadAlone,
  LENGTHS,
  nameOfSet,
  setsGiven,
  type AggregatesWorld,
  type Asking,
  type Said,
} from './aggregates-model.js';
import {
  END,
  givenBy,
  MOVED,
  openAggregates,
  POINTS,
  STRETCHES,
  valueWithin,
  type AggregatesUnderTest,
  type Given,
} from './aggregates-under-test.js';

/** Runs of the property; `RUNS` for a longer search. */
const RUNS = Number(process.env['RUNS'] ?? 10);
const PURPOSES = [null, 'operations', 'research'] as const;
const RESOLUTIONS = ['15m', '1h', '1d'] as const;
const DAY = { from: '2026-03-09T12:00:00Z', to: '2026-03-11T12:00:00Z' };

const seldom = <Value>(value: fc.Arbitrary<Value>, one = 1, of = 6) =>
  fc.oneof({ arbitrary: fc.constant(undefined), weight: of - one }, { arbitrary: value, weight: one });

const said = (pooled: number): fc.Arbitrary<Said> =>
  fc.record({
    finest: seldom(fc.constantFrom('1h' as const, '1d' as const), 2),
    delayMs: seldom(fc.constant(10 * 86_400_000), 1, 10),
    area: seldom(fc.constantFrom([0, 0, 5, 2], [3, 0, 9, 2]), 1),
    aggregation: seldom(
      fc.record({ contributors: fc.constantFrom(3, 3, 4), maxShare: fc.constantFrom(1, 0.45, 0.3) }),
      pooled,
      12,
    ),
    from: seldom(fc.constant(MOVED), 1, 10),
    to: seldom(fc.constant(MOVED), 1, 10),
  });

/** Mostly nearly all: sets that differ by one are what tells. */
const members = fc.oneof(
  fc.constant([...POINTS]),
  fc.subarray([...POINTS], { minLength: 6 }),
  fc.subarray([...POINTS], { minLength: 1 }),
);
const DATASETS = ['d0', 'd1', 'd2'] as const;

const world: fc.Arbitrary<AggregatesWorld> = fc.record({
  datasets: fc.tuple(
    ...DATASETS.map((id) =>
      fc.record({
        id: fc.constant(id),
        points: members,
        open: fc.boolean().map((open) => open && id === 'd2'),
        conditions: fc.oneof({ arbitrary: fc.constant({}), weight: 3 }, said(8)),
      }),
    ),
  ),
  agreements: fc
    .array(
      fc
        .array(
          fc.record({
            dataset: fc.constantFrom(...DATASETS),
            purposes: fc.subarray(['operations', 'research'], { minLength: 1 }),
            conditions: said(11),
          }),
          { minLength: 1, maxLength: 3 },
        )
        .map((clauses) => clauses.map((clause, index) => ({ key: `c${index}`, ...clause }))),
      { minLength: 1, maxLength: 2 },
    )
    .map((agreements) => agreements.map((clauses, index) => ({ id: `agreement${index}`, clauses }))),
});

const pooled = { aggregation: { contributors: 3, maxShare: 1 } };
const datasetOf = (id: string, points: readonly number[]) => ({ id, points, open: false, conditions: {} });
const clauseOf = (dataset: string, purpose: string, conditions: Said = pooled) => ({
  key: `c${dataset}${purpose}`,
  dataset,
  purposes: [purpose],
  conditions,
});
const agreementOf = (id: string, ...clauses: readonly ReturnType<typeof clauseOf>[]) => ({ id, clauses });

/** The ways in which two sets that are given differ by one point. */
const EXAMPLES: readonly AggregatesWorld[] = [
  [agreementOf('one', clauseOf('d0', 'operations'))],
  // by purpose, by agreement, by what is given by itself, by hours and days
  [agreementOf('one', clauseOf('d0', 'operations'), clauseOf('d1', 'research'))],
  [agreementOf('one', clauseOf('d0', 'operations')), agreementOf('two', clauseOf('d1', 'operations'))],
  [
    agreementOf('one', clauseOf('d0', 'operations')),
    agreementOf('two', clauseOf('d1', 'research', { delayMs: 10 * 86_400_000 })),
  ],
  [agreementOf('one', clauseOf('d0', 'operations'), clauseOf('d0', 'research', { ...pooled, finest: '1h' }))],
  [
    agreementOf(
      'one',
      clauseOf('d0', 'operations'),
      clauseOf('d0', 'research', { ...pooled, area: [0, 0, 3, 9] }),
    ),
  ],
].map((agreements) => ({
  datasets: [datasetOf('d0', [...POINTS]), datasetOf('d1', [0, 1, 2, 3]), datasetOf('d2', [0, 1])],
  agreements,
}));

const FILTERS = ['&zone=a', '&zone=a1', '&dataset=d0', '&dataset=d1'] as const;

interface Told extends Given {
  readonly purpose: string | null;
  readonly resolution: (typeof RESOLUTIONS)[number];
}

/** Everything that a party can be told of several points, whatever it asks. */
const allTold = async (under: AggregatesUnderTest, token: string): Promise<readonly Told[]> => {
  const told: Told[] = [];
  let asked = 0;
  for (const purpose of PURPOSES) {
    for (const resolution of RESOLUTIONS) {
      const filters = ['', FILTERS[asked % FILTERS.length] ?? ''];
      asked += 1;
      for (const filter of filters) {
        const stated = purpose === null ? '' : `&purpose=${purpose}`;
        if (filter.includes('dataset') && (await isUnseen(under, token, filter))) continue;
        const query = `from=${DAY.from}&to=${DAY.to}&resolution=${resolution}${filter}${stated}`;
        const found = await givenBy(under, token, query);
        if (filter === '&zone=a1') expect(found).toEqual([]);
        told.push(...found.map((given) => ({ ...given, purpose, resolution })));
      }
    }
  }
  return told;
};

const isUnseen = async ({ http }: AggregatesUnderTest, token: string, filter: string): Promise<boolean> =>
  (await http.get(`/api/v1/datasets/${filter.slice(-2)}`, token)).status === 404;

const cellName = ({ start, end }: { readonly start: number; readonly end: number }): string =>
  `${start} ${end}`;

/** By the rules as they are written: each set of points, cell by cell, for a purpose at a resolution. */
const ruled = (asking: Asking, purpose: string | null, resolution: Told['resolution']) => {
  const lengthMs = LENGTHS[resolution];
  // of the legal day in which all of it is
  const begin = resolution === '1d' ? Date.UTC(2026, 2, 9, 23) : T0;
  const count = resolution === '1d' ? 1 : (END - T0) / lengthMs;
  return Array.from({ length: count }, (_, index) => begin + index * lengthMs).flatMap((start) =>
    setsGiven(asking, purpose, lengthMs, { start, end: start + lengthMs }).map(
      (set) => `${cellName({ start, end: start + lengthMs })}: ${set}`,
    ),
  );
};

const requireNoDifference = (asking: Asking, told: readonly Told[]): void => {
  for (const one of told) {
    expect(one.locations).toBe(new Set(one.points.map((index) => (index === 5 ? 4 : index))).size);
    expect(one.locations).toBeGreaterThanOrEqual(3);
    for (const index of one.points) {
      const own = STRETCHES.filter(({ point }) => point === index);
      expect([index, isReadAlone(asking.world, own, PURPOSES, one)]).toEqual([index, false]);
    }
    // of all that is told of times in common: the same points of the same cell, or none in common
    for (const other of told) {
      if (other.start >= one.end || one.start >= other.end) continue;
      const common = one.points.some((index) => other.points.includes(index));
      const same = nameOfSet(one.points) === nameOfSet(other.points) && cellName(one) === cellName(other);
      expect([one, other, common && !same]).toEqual([one, other, false]);
    }
  }
};

describe('aggregates over what is not given by itself', () => {
  test(
    'are what the rules say, and no two of them differ by a few points',
    { timeout: 300_000 },
    async () => {
      const under = await openAggregates();
      const token = await ownerOf(under.http, 'b');
      const reached = { one: 0, several: 0, none: 0 };
      await fc.assert(
        fc.asyncProperty(world, async (made) => {
          under.put(made);
          const told = await allTold(under, token);
          const { now } = under.http.clock;
          const asking = { world: made, stretches: STRETCHES, purposes: PURPOSES, valueOf: valueWithin, now };
          for (const purpose of PURPOSES) {
            for (const resolution of RESOLUTIONS) {
              const own = told.filter((one) => one.purpose === purpose && one.resolution === resolution);
              const names = own.map((one) => `${cellName(one)}: ${nameOfSet(one.points)}`);
              expect([...new Set(names)].toSorted()).toEqual(
                [...new Set(ruled(asking, purpose, resolution))].toSorted(),
              );
            }
          }
          requireNoDifference(asking, told);
          const sets = new Set(told.map(({ points }) => nameOfSet(points))).size;
          reached[sets === 0 ? 'none' : sets === 1 ? 'one' : 'several'] += 1;
        }),
        { numRuns: RUNS, examples: EXAMPLES.map((example) => [example]) },
      );
      expect(reached.several).toBeGreaterThan(1);
    },
  );
});
