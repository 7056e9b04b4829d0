import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Moment } from '../../../agent/clock/clock.js';
import { DataBudget, type MonthlyUse } from '../../../agent/uplink/data-budget.js';
import { loadDataUse, saveDataUse } from '../../../agent/uplink/data-use-file.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const MEGA = 1_000_000;
const NOVEMBER = Date.UTC(2026, 10, 1);
const DAY = 86_400_000;

const makeBudget = (bytesPerMonth: number, before?: MonthlyUse) => {
  const moment = { boot: 'b', monotonic: 0, time: NOVEMBER, state: 'synced', uncertaintyMs: 0 } as const;
  const now: { at: Moment } = { at: moment };
  const saved: MonthlyUse[] = [];
  const budget = new DataBudget({
    bytesPerMonth,
    now: () => now.at,
    load: () => before,
    save: (use) => void saved.push(use),
  });
  const pass = (ms: number): void => {
    now.at = { ...now.at, monotonic: now.at.monotonic + ms, time: now.at.time + ms };
  };
  const unset = (): void => {
    now.at = { ...now.at, state: 'unsynced', time: 5_000 };
  };
  return { budget, pass, unset, saved };
};

describe('a monthly data budget', () => {
  it('lets the backlog go evenly through the month, with a head start', () => {
    const { budget, pass } = makeBudget(30 * MEGA);
    expect(budget.admitsBacklog(3 * MEGA)).toBe(true);
    budget.count(3 * MEGA);
    expect(budget.admitsBacklog(1)).toBe(false);
    pass(3 * DAY);
    expect(budget.admitsBacklog(3 * MEGA - 1)).toBe(true);
    expect(budget.admitsBacklog(3 * MEGA + 1)).toBe(false);
  });

  it('is never exceeded by what it admits, and is used up by the end of a month of backlog', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1_000, max: 200_000 }), { minLength: 60, maxLength: 60 }),
        (sizes) => {
          const { budget, pass } = makeBudget(3 * MEGA);
          for (const size of sizes) {
            pass(DAY / 3);
            if (budget.admitsBacklog(size)) budget.count(size);
            expect(budget.use.bytes).toBeLessThanOrEqual(3 * MEGA);
          }
        },
      ),
    );
  });

  it('begins anew with the month', () => {
    const { budget, pass } = makeBudget(10 * MEGA);
    budget.count(20 * MEGA);
    pass(30 * DAY);
    expect(budget.use).toEqual({ month: '2026-12', bytes: 0, budgetBytes: 10 * MEGA });
  });

  it('goes on with what the last run had taken of the same month', () => {
    const { budget } = makeBudget(10 * MEGA, { month: '2026-11', bytes: 4 * MEGA });
    budget.count(1);
    expect(budget.use.bytes).toBe(4 * MEGA + 1);
    expect(makeBudget(10 * MEGA, { month: '2026-10', bytes: 4 * MEGA }).budget.use.bytes).toBe(0);
  });

  it('keeps the backlog back and counts on while the clock does not know the month', () => {
    const { budget, unset } = makeBudget(10 * MEGA, { month: '2026-11', bytes: 7 });
    unset();
    budget.count(5);
    expect(budget.admitsBacklog(1)).toBe(false);
    expect(budget.use).toMatchObject({ month: '2026-11', bytes: 12 });
  });

  it('is written down with each quarter of a megabyte, each quarter of an hour, and at the end', () => {
    const { budget, pass, saved } = makeBudget(0);
    budget.count(100);
    expect(saved.length).toBeLessThanOrEqual(1);
    budget.count(300_000);
    const written = saved.length;
    budget.count(1);
    expect(saved).toHaveLength(written);
    pass(15 * 60_000);
    budget.count(1);
    budget.count(1);
    budget.flush();
    budget.flush();
    expect(saved).toHaveLength(written + 2);
    expect(saved.at(-1)).toEqual({ month: '2026-11', bytes: 300_103 });
  });

  it('stretches keepalive and health on a small plan, and leaves them alone without one', () => {
    const none = makeBudget(0).budget;
    expect([none.keepaliveS(60), none.healthMs(60_000), none.admitsBacklog(1e12)]).toEqual([
      60,
      60_000,
      true,
    ]);
    const large = makeBudget(1_000 * MEGA).budget;
    expect(large.keepaliveS(60)).toBe(60);
    const small = makeBudget(20 * MEGA).budget;
    const month = 30 * DAY;
    expect(small.keepaliveS(60)).toBeGreaterThan(100);
    expect(small.keepaliveS(60)).toBeLessThanOrEqual(240);
    expect((month / small.healthMs(60_000)) * 800).toBeLessThanOrEqual(2 * MEGA);
  });
});

it('survives a restart in its file; a damaged file counts as none', () => {
  const folder = temporaryFolder();
  expect(loadDataUse(folder)).toBeUndefined();
  saveDataUse(folder, { month: '2026-11', bytes: 12 });
  expect(loadDataUse(folder)).toEqual({ month: '2026-11', bytes: 12 });
});
