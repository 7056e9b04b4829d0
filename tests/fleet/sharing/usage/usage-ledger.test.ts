import { describe, expect, test } from 'vitest';
import { ANONYMOUS } from '../../../../fleet/access/subject.js';
import type { Scope, SharedGrant } from '../../../../fleet/sharing/scope.js';
import type { Placed } from '../../../../fleet/sharing/selection.js';
import { creditsOf } from '../../../../fleet/sharing/usage/credit.js';
import { renderUsage } from '../../../../fleet/sharing/usage/render-usage.js';
import { createUsageLedger } from '../../../../fleet/sharing/usage/usage-ledger.js';
import type { Usage } from '../../../../fleet/store/usage-store.js';

const HOUR = 3_600_000;

const place = (more: Partial<Placed> = {}): Placed => ({
  pointId: 'p',
  property: 'power',
  organisationId: 'a',
  locationId: null,
  siteId: null,
  position: null,
  from: 0,
  to: 1000,
  ...more,
});

const grant = (clause: string, more: Partial<SharedGrant> = {}): SharedGrant => ({
  group: 'agreement 1',
  credit: { giver: 'a', agreementId: '1', version: 1, clause, datasetId: 'd' },
  organisations: ['a'],
  matching: { properties: null, sites: null, locations: null, points: null, area: null },
  areas: [],
  finestMs: 0,
  delayMs: 0,
  from: null,
  to: null,
  aggregateOnly: false,
  since: 0,
  ...more,
});

const scopeOf = (...shared: SharedGrant[]): Scope => ({
  grants: [{ organisationId: 'me', finestMs: 0, delayMs: 0 }],
  shared,
});

const clausesOf = (scope: Scope, places: Placed[], times: number[], resolutionMs = 0, now = 2000) =>
  [...creditsOf(scope, places, { pointId: 'p', times, resolutionMs }, now)].map(([{ credit }, readings]) => [
    credit.clause,
    readings,
  ]);

describe('a reading is credited', () => {
  test('to nobody while one’s own organisation held it, to its giver before', () => {
    const places = [place({ to: 100 }), place({ organisationId: 'me', from: 100 })];
    expect(clausesOf(scopeOf(grant('x')), places, [99, 100, 500])).toEqual([['x', 1]]);
    // an open dataset of one’s own
    expect(clausesOf(scopeOf(grant('x', { organisations: ['me'] })), places, [500])).toEqual([]);
    expect(clausesOf(scopeOf(grant('x', { organisations: ['b'] })), places, [99])).toEqual([]);
  });

  test('to what gives it then and so finely, not to what matches alone', () => {
    const other = { group: 'agreement 2', since: 5 };
    const coarse = grant('coarse', { finestMs: HOUR });
    expect(clausesOf(scopeOf(coarse, grant('raw', other)), [place()], [1])).toEqual([['raw', 1]]);
    const hourAt = (now: number) =>
      clausesOf(scopeOf(coarse, grant('raw', other)), [place()], [1], HOUR, now);
    expect(hourAt(HOUR + 1)).toEqual([['coarse', 1]]);
    // it still ran
    expect(hourAt(HOUR)).toEqual([['raw', 1]]);
    const late = grant('late', { delayMs: 1500 });
    expect(clausesOf(scopeOf(late, grant('live', other)), [place()], [499, 500])).toEqual([
      ['late', 1],
      ['live', 1],
    ]);
    const ended = grant('ended', { to: 10 });
    expect(clausesOf(scopeOf(ended, grant('on', other)), [place()], [9, 10])).toEqual([
      ['ended', 1],
      ['on', 1],
    ]);
    const elsewhere = grant('elsewhere', { areas: [[0, 0, 1, 1]] });
    expect(clausesOf(scopeOf(elsewhere, grant('here', other)), [place()], [1])).toEqual([['here', 1]]);
  });
});

/** A ledger over a store that can fail. */
const openLedger = () => {
  const state = {
    now: 10 * HOUR + 5,
    broken: false,
    counted: [] as Usage[],
    sealed: [] as number[],
    failed: 0,
  };
  const ledger = createUsageLedger({
    store: {
      count: (usages) => {
        if (state.broken) throw new Error('disk full');
        state.counted.push(...usages);
      },
      seal: (before) => state.sealed.push(before),
    },
    placements: () => [place()],
    bodies: () => ({ bodyOf: (id) => id, servicesOf: (id) => [id] }),
    now: () => state.now,
    random: (bytes) => new Uint8Array(bytes),
    every: () => () => undefined,
    failed: () => {
      state.failed += 1;
    },
  });
  const read = (times: number[]): void => {
    const note = ledger.answer({ subject: ANONYMOUS, purpose: null, scope: scopeOf(grant('x')) });
    for (const time of times) note({ pointId: 'p', times: [time], resolutionMs: 0 });
  };
  return { state, ledger, read };
};

describe('the usage ledger', () => {
  test('keeps what it could not write, and writes it once', () => {
    const { state, ledger, read } = openLedger();
    read([1, 2]);
    state.broken = true;
    ledger.flush();
    expect([state.failed, state.counted]).toEqual([1, []]);
    read([3]);
    state.broken = false;
    ledger.flush();
    ledger.flush();
    expect(state.counted).toMatchObject([
      { hour: 10 * HOUR, giver: 'a', reader: null, subject: null, clause: 'x', reads: 2, readings: 3 },
    ]);
  });

  test('chains what was left open at its start, and then each hour as it ends', () => {
    const { state, ledger } = openLedger();
    ledger.flush();
    ledger.flush();
    state.now += HOUR;
    ledger.close();
    expect(state.sealed).toEqual([10 * HOUR, 11 * HOUR]);
  });
});

test('a chart shows the largest as a whole bar, and each in its measure', () => {
  const row = {
    month: '2026-03',
    giver: 'a',
    giverName: 'Aubière',
    reader: 'b',
    readerName: 'Brenne',
    agreementId: 'g',
    purpose: 'operations',
    datasetId: 'd',
    reads: 1,
    readings: 600,
  };
  const text = renderUsage([row, { ...row, month: '2026-04', readings: 300 }], 'month');
  expect(text).toContain(`2026-03  Brenne  ${'█'.repeat(30)} 600\n2026-04  Brenne  ${'█'.repeat(15)} 300\n`);
  expect(text).toMatch(
    /^month +giver +reader +agreement +purpose +dataset +reads +readings\n2026-03 +Aubière/,
  );
});
