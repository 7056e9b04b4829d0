import { describe, expect, test } from 'vitest';
import { T0 } from '../projections/fleet-of-views.js';
import { itemsOf, nextOf, type Answer, type HttpUnderTest } from './http-under-test.js';
import { COUNT, openTerritory, pointId, POWER } from './territory.js';

/** Two hours; a value holds a little beyond them. */
const HOURS = `from=${new Date(T0).toISOString()}&to=${new Date(T0 + 2 * 3_600_000).toISOString()}`;
const PERIOD = `from=${new Date(T0).toISOString()}&to=${new Date(T0 + 86_400_000).toISOString()}`;

const open = async (key = 'p1') => {
  const http = await openTerritory();
  const point = await pointId(http, key);
  const token = await http.login('a-viewer');
  return {
    http,
    point,
    token,
    query: (rest: string) => http.get(`/api/v1/readings?point=${point}&${rest}`, token),
  };
};

/** All items of a period, and how many pages they came in. */
const collect = async (http: HttpUnderTest, token: string, path: string) => {
  const items: Record<string, unknown>[] = [];
  let cursor: string | null = '';
  let pages = 0;
  while (cursor !== null) {
    const page: Answer = await http.get(`${path}${cursor === '' ? '' : `&cursor=${cursor}`}`, token);
    expect(page.status).toBe(200);
    items.push(...itemsOf(page));
    cursor = nextOf(page);
    pages += 1;
    // more time goes by between two pages than one covers
    http.clock.now += 1_800_000;
  }
  return { items, pages };
};

describe('readings', () => {
  test('come in order, each with value, quality and provenance', async () => {
    const { query } = await open();
    const items = itemsOf(await query(`${PERIOD}&limit=10000`));
    expect(items.map(({ time }) => time)).toEqual(POWER.map(({ time }) => new Date(time).toISOString()));
    expect(items[3]).toEqual({
      time: new Date(T0 + 30_000).toISOString(),
      value: 103,
      flag: 1,
      reason: 'none',
      clock: 'synced',
      uncertaintyMs: 0,
      deviceTime: null,
      deviceClock: null,
      source: 'gatewayaaaaaaaaaaaaa',
      epoch: '00112233445566ff',
      ordinal: 4,
    });
  });

  test('are in [from, to), in whatever offset the times are written', async () => {
    const { query } = await open();
    const [from, to] = ['2026-03-10T11:00:10%2B01:00', '2026-03-10T05:00:40-05:00'];
    const items = itemsOf(await query(`from=${from}&to=${to}`));
    expect(items.map(({ ordinal }) => ordinal)).toEqual([2, 3, 4]);
  });

  test('are given once and whole page by page, while the clock runs', async () => {
    const { http, point, token } = await open();
    // the first reading is at the very beginning of the default period of a day
    http.clock.now = T0 + 86_400_000;
    const { items, pages } = await collect(http, token, `/api/v1/readings?point=${point}&limit=100`);
    expect(pages).toBe(8);
    expect(items.map(({ ordinal }) => ordinal)).toEqual(POWER.map(({ ordinal }) => ordinal));
  });

  test('refuse a cursor under another period or point', async () => {
    const { http, query, token } = await open();
    const next = nextOf(await query(`${PERIOD}&limit=1`));
    expect((await query(`${PERIOD}&limit=1&cursor=${next}`)).status).toBe(200);
    expect((await query(`limit=1&cursor=${next}`)).status).toBe(400);
    expect((await query(`${PERIOD}&limit=1&resolution=1m&cursor=${next}`)).status).toBe(400);
    const other = await pointId(http, 'index');
    const path = `/api/v1/readings?point=${other}&${PERIOD}&cursor=${next}`;
    expect((await http.get(path, token)).status).toBe(400);
  });

  test('of an int64 beyond 2^53 are digits, and text is text', async () => {
    const { query } = await open('index');
    const text = await query(PERIOD);
    expect(itemsOf(text).map(({ value }) => value)).toEqual(['9007199254740993', 12]);
  });
});

describe('rollups', () => {
  test.each([
    ['1m', 60_000, 120],
    ['15m', 900_000, 8],
    ['1h', 3_600_000, 2],
  ])('of %s are aligned, counted and paged', async (resolution, periodMs, cells) => {
    const { http, point, token } = await open();
    const path = `/api/v1/readings?point=${point}&${HOURS}&resolution=${resolution}`;
    const { items } = await collect(http, token, `${path}&limit=7`);
    expect(items.map(({ start }) => Date.parse(String(start)))).toEqual(
      Array.from({ length: cells }, (_, index) => T0 + index * periodMs),
    );
    expect(items.reduce((sum, { count }) => sum + Number(count), 0)).toBe(COUNT);
    expect(items[0]).toMatchObject({
      min: 100,
      max: periodMs === 60_000 ? 105 : 106,
      origin: periodMs === 60_000 ? 'raw' : 'rollup',
      revision: 0,
    });
    expect(items).toEqual(itemsOf(await http.get(path, token)));
  });

  test.each([
    [4_000, '1m', 120],
    [119, '15m', 8],
    [2, '1h', 2],
    [1, '1d', 0],
  ])('for %i values are of the finest resolution that fits', async (width, resolution, cells) => {
    const { query } = await open();
    const answer = await query(`${HOURS}&width=${width}`);
    expect(answer.json()).toMatchObject({ resolution, next: null });
    expect(itemsOf(answer)).toHaveLength(cells);
    expect(itemsOf(answer)).toEqual(itemsOf(await query(`${HOURS}&resolution=${resolution}`)));
  });

  test('for a width are raw readings where one a second would fit, and go on page by page in what was chosen', async () => {
    const { query, http, point, token } = await open();
    const hour = `from=${new Date(T0).toISOString()}&to=${new Date(T0 + 3_600_000).toISOString()}`;
    expect((await query(`${hour}&width=3600`)).json()).toMatchObject({ resolution: 'raw' });
    expect((await query(`${hour}&width=3599`)).json()).toMatchObject({ resolution: '1m' });
    const path = `/api/v1/readings?point=${point}&${HOURS}&width=8&limit=3`;
    const first = await http.get(path, token);
    const rest = await http.get(`${path}&cursor=${nextOf(first)}`, token);
    expect([first.json(), rest.json()]).toMatchObject([{ resolution: '15m' }, { resolution: '15m' }]);
    expect([...itemsOf(first), ...itemsOf(rest)].map(({ start }) => start)).toEqual(
      itemsOf(await query(`${HOURS}&resolution=15m&limit=6`)).map(({ start }) => start),
    );
  });

  test('are not asked for with both a width and a resolution', async () => {
    const { query } = await open();
    const answer = await query(`${HOURS}&width=8&resolution=15m`);
    expect([answer.status, answer.text]).toEqual([
      400,
      expect.stringContaining('width: choose a resolution'),
    ]);
  });

  test('of a day are the legal days of the organisation', async () => {
    const { query } = await open();
    const [day] = itemsOf(await query('from=2026-03-09&to=2026-03-12&resolution=1d'));
    expect(day).toMatchObject({
      start: '2026-03-09T23:00:00.000Z',
      end: '2026-03-10T23:00:00.000Z',
      count: COUNT,
    });
  });
});

describe('CSV', () => {
  test('gives the whole period as one file, in lines that end in CRLF', async () => {
    const { query, point } = await open();
    const answer = await query(`${PERIOD}&format=csv&limit=1`);
    expect(answer.headers['content-type']).toBe('text/csv; charset=utf-8');
    expect(answer.headers['content-disposition']).toBe(`attachment; filename="${point}-raw.csv"`);
    const lines = answer.text.split('\r\n');
    expect(lines[0]).toBe(
      'time,value,flag,reason,clock,uncertaintyMs,deviceTime,deviceClock,source,epoch,ordinal',
    );
    expect(lines[1]).toBe(
      '2026-03-10T10:00:00.000Z,100,1,none,synced,0,,,gatewayaaaaaaaaaaaaa,00112233445566ff,1',
    );
    expect(lines).toHaveLength(COUNT + 2);
    expect(lines.at(-1)).toBe('');
  });

  test('of rollups has its own columns', async () => {
    const { query } = await open();
    const lines = (await query(`${HOURS}&format=csv&resolution=1h`)).text.split('\r\n');
    expect(lines[0]).toBe('start,end,value,min,max,count,expected,origin,revision');
    expect(lines).toHaveLength(4);
    expect(lines[1]).toMatch(
      /^2026-03-10T10:00:00\.000Z,2026-03-10T11:00:00\.000Z,10\d[.\d]*,100,106,360,360,rollup,0$/,
    );
  });

  test('quotes what RFC 4180 asks, and defuses what a spreadsheet would run', async () => {
    const { query } = await open('note');
    const { text } = await query(`${PERIOD}&format=csv`);
    for (const value of [
      `'=1+1`,
      `'+cmd`,
      `'-cmd`,
      `'@SUM(A1)`,
      `'\tindented`,
      '"a,b"',
      '"say ""no"""',
      '-5',
    ]) {
      expect(text).toContain(`Z,${value},1,none`);
    }
    expect(text).toContain('"two\nlines"');
  });

  test('is streamed', async () => {
    const { http, point, token } = await open();
    await http.server.listen({ host: '127.0.0.1', port: 0 });
    const address = http.server.server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const url = `http://127.0.0.1:${port}/api/v1/readings?point=${point}&${PERIOD}&format=csv`;
    const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
    expect(response.headers.get('transfer-encoding')).toBe('chunked');
    expect((await response.text()).split('\r\n')).toHaveLength(COUNT + 2);
  });
});
