import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decide, type Decision } from '../../../fleet/sharing/decide.js';
import { joinSpans } from '../../../fleet/store/periods.js';
import { chosenScenes } from './chosen-scenes.js';
import { everything } from '../projections/fleet-of-views.js';
import { BORDERS, INSTANTS, scenesOf } from './random-worlds.js';
import { isOwn, mayRead, onlyInAggregates, type Question, type World } from './rules-model.js';
import {
  askerIn,
  openFleetOfWorlds,
  policyOf,
  readFrom,
  scopeIn,
  type FleetOfWorlds,
} from './world-in-stores.js';

/** Runs of the property; `RUNS` for a longer search. */
const RUNS = Number(process.env['RUNS'] ?? 40);
const PERIODS = [0, 900_000, 3_600_000, 86_400_000] as const;
const COARSEST = 86_400_000;
const FIRST = BORDERS[0] ?? 0;
const LAST = BORDERS.at(-1) ?? 0;

interface Cell {
  readonly start: number;
  readonly end: number;
}

/** Instants at which anything may change within a cell, and its own first and last. */
const within = ({ start, end }: Cell): readonly number[] => [
  start,
  ...INSTANTS.filter((time) => start <= time && time < end),
  end - 1,
];

const contains = ({ given }: Decision, periodMs: number, from: number, to: number): boolean =>
  joinSpans(given.filter(({ finestMs }) => finestMs <= periodMs)).some(
    (span) => span.from <= from && to <= span.to,
  );

const outcomeByRules = (world: World, asked: Question, { start, end }: Cell): Decision['outcome'] => {
  const instants = within({ start, end });
  if (instants.every((time) => mayRead(world, asked, time))) return 'permit';
  const coarsely = { ...asked, periodMs: COARSEST };
  const some = instants.some(
    (time) => mayRead(world, coarsely, time) || onlyInAggregates(world, coarsely, time),
  );
  return some ? 'permit-reduced' : 'deny';
};

/** What the three say about one point for one reader; the same, or there is a fault in one of them. */
const compare = async (fleet: FleetOfWorlds, world: World, cells: readonly (readonly Cell[])[], who: Who) => {
  const policy = policyOf(world);
  const scope = scopeIn(world, who);
  const newest = await fleet.reader.latest(scope, who.now, { limit: 10 });
  for (const { id } of fleet.points) {
    const stored = await readFrom(fleet, scope, who.now, id);
    const ask = askerIn(world, fleet, who, id);
    for (const [index, periodMs] of PERIODS.entries()) {
      const asked = { ...who, point: id, periodMs };
      const decided = (from: number, to: number): Decision => decide(policy, ask(periodMs, from, to));
      const whole = decided(0, Number.MAX_SAFE_INTEGER);
      if (index === 0) {
        const ruled = INSTANTS.filter((time) => mayRead(world, asked, time));
        expect(INSTANTS.filter((time) => contains(whole, 0, time, time + 1))).toEqual(ruled);
        expect(stored.raw).toEqual(ruled);
        expect(newest.filter((row) => row.id === id).map(({ time }) => time)).toEqual(ruled.slice(-1));
        expect(whole.own).toBe(
          [0, ...INSTANTS, Number.MAX_SAFE_INTEGER - 1].some((time) => isOwn(world, asked, time)),
        );
      } else {
        const ruled = (cells[index - 1] ?? []).filter((cell) =>
          within(cell).every((time) => mayRead(world, asked, time)),
        );
        expect(ruled.filter(({ start, end }) => contains(whole, periodMs, start, end))).toEqual(ruled);
        expect(stored.cells[index - 1]).toEqual(ruled);
        const others = (cells[index - 1] ?? []).filter((cell) => !ruled.includes(cell));
        expect(others.filter(({ start, end }) => contains(whole, periodMs, start, end))).toEqual([]);
      }
      for (const [from, to] of [
        [FIRST, LAST],
        [FIRST + 1, BORDERS[2] ?? 0],
      ] as const) {
        expect(decided(from, to).outcome).toBe(outcomeByRules(world, asked, { start: from, end: to }));
      }
    }
  }
};

type Who = Omit<Question, 'point' | 'periodMs'>;

const open = async () => {
  const fleet = await openFleetOfWorlds();
  const [any] = fleet.points;
  const { cells } = await readFrom(fleet, everything('org'), LAST * 2, any?.id ?? '');
  expect(cells.map((list) => list.length)).toEqual([14, 5, 1]);
  return { fleet, cells };
};

describe('the decision, the store’s query and the rules as they are written', () => {
  test('say the same of each condition, at its borders and beside others', { timeout: 180_000 }, async () => {
    const { fleet, cells } = await open();
    for (const { world, reader, now, purposes } of chosenScenes(fleet.points)) {
      fleet.put(world);
      for (const purpose of purposes) await compare(fleet, world, cells, { reader, now, purpose });
    }
  });

  test('say the same of worlds by chance', { timeout: 180_000 }, async () => {
    const { fleet, cells } = await open();
    const reached = { permit: 0, 'permit-reduced': 0, deny: 0 };
    await fc.assert(
      fc.asyncProperty(scenesOf(fleet.points), async ({ world, reader, now, purposes }) => {
        fleet.put(world);
        for (const purpose of purposes) {
          const who = { reader, now, purpose };
          await compare(fleet, world, cells, who);
          const asked = { ...who, point: fleet.points[0]?.id ?? '', periodMs: 0 };
          reached[outcomeByRules(world, asked, { start: FIRST, end: LAST })] += 1;
        }
      }),
      { numRuns: RUNS },
    );
    for (const count of Object.values(reached)) expect(count).toBeGreaterThan(2);
  });
});
