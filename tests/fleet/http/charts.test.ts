import { describe, expect, test } from 'vitest';
import { T0 } from '../projections/fleet-of-views.js';
import { itemsOf } from './http-under-test.js';
import { COUNT, openTerritory, pointId, POWER } from './territory.js';

const HOUR = 3_600_000;

const open = async () => {
  const http = await openTerritory();
  const points = [await pointId(http, 'p1'), await pointId(http, 'index')];
  const token = await http.login('a-viewer');
  const charts = (ids: readonly string[], hours: number, more = '') => {
    const period = `from=${new Date(T0).toISOString()}&to=${new Date(T0 + hours * HOUR).toISOString()}`;
    return http.get(`/api/v1/charts?points=${ids.join(',')}&${period}${more}`, token);
  };
  return { http, points, token, charts };
};

describe('charts', () => {
  test('come in the finest resolution that fits', async () => {
    const { points, charts } = await open();
    const chosen = [];
    for (const [hours, width] of [
      [1, 4000],
      [2, 120],
      [2, 119],
      [2, 8],
      [2, 7],
      [24, 23],
    ] as const) {
      const [chart] = itemsOf(await charts(points.slice(0, 1), hours, `&width=${width}`));
      const { resolution, start } = chart as { resolution: string; start: string[] };
      chosen.push([resolution, start.length]);
    }
    // of the day the legal one began before the period
    expect(chosen).toEqual([
      ['raw', 360],
      ['1m', 120],
      ['15m', 8],
      ['15m', 8],
      ['1h', 2],
      ['1d', 0],
    ]);
  });

  test('give the cells that the series has, column by column', async () => {
    const { http, points, token, charts } = await open();
    const [chart] = itemsOf(await charts(points, 2, '&width=10'));
    const period = `from=${new Date(T0).toISOString()}&to=${new Date(T0 + 2 * HOUR).toISOString()}`;
    const cells = itemsOf(
      await http.get(`/api/v1/readings?point=${points[0]}&${period}&resolution=15m`, token),
    );
    expect(cells.reduce((sum, { count }) => sum + Number(count), 0)).toBe(COUNT);
    for (const column of ['start', 'value', 'min', 'max']) {
      expect(Reflect.get(Object(chart), column)).toEqual(cells.map((cell) => cell[column]));
    }
  });

  test('of several points come in the order asked, each once', async () => {
    const { points, charts } = await open();
    const answer = await charts([...points.toReversed(), ...points], 1, '&width=4000');
    const items = itemsOf(answer);
    expect(items.map(({ point }) => point)).toEqual(points.toReversed());
    expect(items[1]?.['value']).toEqual(POWER.slice(0, 360).map(({ value }) => value));
  });

  test('of a point that is not there or not theirs give nothing of any', async () => {
    const { http, points, charts } = await open();
    const other = await pointId(http, 'other');
    const refused = [await charts([...points, other], 1), await charts([...points, 'nowhere'], 1)];
    for (const answer of refused) {
      expect(answer.status).toBe(404);
      expect(answer.text).not.toContain(points[0]);
    }
    expect(refused[0]?.text).toBe(refused[1]?.text);
  });

  test('are at most fifty, and at least one', async () => {
    const { charts } = await open();
    expect((await charts([], 1)).status).toBe(400);
    expect(
      (
        await charts(
          Array.from({ length: 51 }, (_, index) => `p${index}`),
          1,
        )
      ).status,
    ).toBe(400);
  });
});

test('the newest readings come as one file as well', async () => {
  const { http, token } = await open();
  const listed = itemsOf(await http.get('/api/v1/latest', token));
  const answer = await http.get('/api/v1/latest?format=csv', token);
  expect(answer.headers['content-disposition']).toBe('attachment; filename="latest.csv"');
  const [header, ...lines] = answer.text.trimEnd().split('\r\n');
  expect(header).toMatch(/^id,key,name,/);
  expect(lines.map((line) => line.split(',')[0])).toEqual(listed.map(({ id }) => id));
});
