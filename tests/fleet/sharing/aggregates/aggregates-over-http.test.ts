import { describe, expect, test } from 'vitest';
import { T0 } from '../../projections/fleet-of-views.js';
import { itemsOf } from '../../http/http-under-test.js';
import { ownerOf } from '../agreement-under-test.js';
import { POINTS, openAggregates, valueOfPoint } from './aggregates-under-test.js';

const PERIOD = 'from=2026-03-10T10:00:00Z&to=2026-03-10T11:00:00Z';
const conditions = { aggregation: { contributors: 3, maxShare: 0.5 }, finest: '1h' as const };

const openPooled = async () => {
  const under = await openAggregates();
  under.put({
    datasets: [{ id: 'd0', points: [...POINTS], open: false, conditions: {} }],
    agreements: [
      { id: 'agreement0', clauses: [{ key: 'c', dataset: 'd0', purposes: ['research'], conditions }] },
    ],
  });
  const ask = async (query: string, token: string) => {
    const answer = await under.http.get(`/api/v1/aggregates?property=active_power&${query}`, token);
    expect([answer.text, answer.status]).toEqual([answer.text, 200]);
    return itemsOf(answer);
  };
  return { ...under, ask, a: await ownerOf(under.http, 'a'), b: await ownerOf(under.http, 'b') };
};

const sumOf = (points: readonly number[]): number =>
  points.reduce((sum, index) => sum + 4 * valueOfPoint(index), 0);

describe('GET /aggregates', () => {
  test('gives its holder the whole of it, by organisation, in a box too', async () => {
    const { ask, a } = await openPooled();
    const hour = { start: '2026-03-10T10:00:00.000Z', end: '2026-03-10T11:00:00.000Z' };
    const rest = POINTS.filter((index) => index !== 3);
    const all = await ask(PERIOD, a);
    expect(
      all.toSorted((x, y) => String(x['organisationId']).localeCompare(String(y['organisationId']))),
    ).toEqual([
      {
        organisationId: 'a',
        property: 'active_power',
        kind: 'interval',
        unit: 'W',
        resolution: '1h',
        threshold: null,
        datasets: [],
        cells: [
          {
            ...hour,
            points: 7,
            locations: 6,
            sum: sumOf(rest),
            mean: sumOf(rest) / 7,
            min: 4 * valueOfPoint(0),
            max: 4 * valueOfPoint(7),
          },
        ],
      },
      expect.objectContaining({ organisationId: 'a1' }),
    ]);
    const [boxed] = await ask(`${PERIOD}&bbox=-1,0,1.5,2`, a);
    expect(boxed).toMatchObject({ cells: [{ points: 2, sum: sumOf([0, 1]) }] });
    expect(await ask(`${PERIOD}&zone=a1`, a)).toMatchObject([
      { organisationId: 'a1', cells: [{ points: 1, sum: sumOf([3]) }] },
    ]);
    expect(await ask(`${PERIOD}&resolution=15m`, a)).toHaveLength(2);
  });

  test('gives a party what its clause gives in aggregates, whole or not at all, and counts it as used', async () => {
    const { http, ask, a, b } = await openPooled();
    const [pool, ...more] = await ask(`${PERIOD}&purpose=research`, b);
    expect(more).toEqual([]);
    expect(pool).toMatchObject({
      organisationId: 'a',
      threshold: { contributors: 3, maxShare: 0.5 },
      datasets: ['d0'],
      cells: [{ points: 8, locations: 7, sum: sumOf(POINTS), min: null, max: null }],
    });
    for (const same of ['&zone=a', '&dataset=d0']) {
      expect(await ask(`${PERIOD}&purpose=research${same}`, b)).toEqual([pool]);
    }
    for (const nothing of [
      '&purpose=research&zone=a1',
      '&purpose=research&bbox=-1,0,9,9',
      '&purpose=research&resolution=15m',
      '&purpose=research&resolution=1d',
      '&purpose=operations',
      '',
    ]) {
      expect([nothing, await ask(PERIOD + nothing, b)]).toEqual([nothing, []]);
    }
    const usage = itemsOf(await http.get('/api/v1/usage?by=dataset', a));
    expect(usage).toMatchObject([{ reader: 'b', readings: 3 * 8 }]);
  });

  test('withholds the hour that still runs, and what is given by itself is told so by explain', async () => {
    const { http, ask, b, ids } = await openPooled();
    const pooled = `${PERIOD}&purpose=research`;
    http.clock.now = T0 + 3_599_999;
    expect(await ask(pooled, b)).toEqual([]);
    http.clock.now += 1;
    expect(await ask(pooled, b)).toHaveLength(1);
    const period = { from: '2026-03-10T10:00:00Z', to: '2026-03-10T11:00:00Z', resolution: '1h' };
    const body = { point: ids[0], purpose: 'research', ...period };
    expect((await http.post('/api/v1/decisions/explain', body, b)).json()).toMatchObject({
      outcome: 'permit-reduced',
      given: [],
      aggregation: { contributors: 3, maxShare: 0.5 },
      clauses: [{ gives: false, limits: ['aggregate-only'] }],
    });
  });

  test('refuses a period of too many cells, and a dataset that is not seen', async () => {
    const { http, b } = await openPooled();
    const path = '/api/v1/aggregates?property=active_power';
    const long = await http.get(`${path}&from=2026-01-01&to=2026-03-01&resolution=1h`, b);
    expect([long.status, long.json()['detail']]).toEqual([
      400,
      'from: at most 1000 periods of 1h before to.',
    ]);
    expect((await http.get(`${path}&dataset=nothing`, b)).status).toBe(404);
  });
});
