import { describe, expect, test } from 'vitest';
import { openTerritory, pointId } from '../http/territory.js';
import { GATEWAY_A, itemsOf } from '../http/http-under-test.js';
import { directoryOf, point } from '../projections/fleet-of-views.js';
import { act, agree, clauseOf, makeDataset, ownerOf, termsOf } from '../sharing/agreement-under-test.js';
import { follower, sender } from './feed-under-test.js';

const MINUTE = 60_000;
const QUARTER = 15 * MINUTE;

const told = (items: readonly Record<string, unknown>[]) =>
  items.map(({ start, count, revised }) => [start, count, revised]);

describe('a feed of cells', () => {
  test('tells each when it has ended, and again when something of it comes late', async () => {
    const http = await openTerritory();
    const send = sender(http);
    const feed = await follower(http, await ownerOf(http, 'a'), '&resolution=15m');
    const begin = http.clock.now;
    const at = (ms: number): string => new Date(begin + ms).toISOString();
    expect(begin % QUARTER).toBe(0);
    await send([0]);
    http.clock.now += QUARTER + 30_000;
    await send([40_000, 0]);
    // what a gateway seals next may still be of the cell
    expect(await feed.next()).toEqual([]);
    http.clock.now += MINUTE;
    expect(told(await feed.next())).toEqual([[at(0), 2, false]]);
    expect(await feed.next()).toEqual([]);
    await send([2 * MINUTE]);
    const repeated = await feed.again();
    expect(told(await feed.next())).toEqual([[at(0), 3, true]]);
    expect(itemsOf(repeated)).toMatchObject([{ point: await pointId(http, 'p1'), end: at(QUARTER) }]);
    http.fleet.restart();
    expect(await feed.next()).toEqual([]);
    http.clock.now += QUARTER;
    expect(told(await feed.next())).toEqual([[at(QUARTER), 1, false]]);
  });

  test('tells a revised window of a gateway, and a cell into which a late value is held', async () => {
    const http = await openTerritory();
    const feed = await follower(http, await ownerOf(http, 'a'), '&resolution=15m');
    const directory = directoryOf(
      point(9, { key: 'q', windows: [QUARTER], maxHoldMs: 30 * MINUTE }),
      point(8, { key: 'held', maxHoldMs: 30 * MINUTE }),
    );
    await http.fleet.sendDirectory(directory, GATEWAY_A);
    const start = http.clock.now;
    const window = (seq: number, revision: number, value: number) =>
      http.fleet.send(
        directory,
        {
          content: 'windows',
          columns: [
            {
              point: 9,
              periodMs: QUARTER,
              windows: [
                {
                  ordinal: 100_000 + seq,
                  start,
                  revision,
                  aggregate: {
                    count: 1,
                    expected: 90,
                    flags: [1, 0, 0, 0, 0],
                    min: value,
                    max: value,
                    first: { time: start, value },
                    last: { time: start, value },
                    sums: { kind: 'gauge', weighted: value * MINUTE, heldMs: MINUTE },
                  },
                },
              ],
            },
          ],
        },
        { source: GATEWAY_A, epoch: 'aaaabbbbccccdddd', seq, receivedAt: http.clock.now },
      );
    await window(1, 0, 5);
    await http.fleet.project();
    http.clock.now += QUARTER + MINUTE;
    expect(await feed.next()).toMatchObject([{ origin: 'window', revision: 0, value: 5, revised: false }]);
    await window(2, 1, 7);
    await http.fleet.project();
    expect(await feed.next()).toMatchObject([{ origin: 'window', revision: 1, value: 7, revised: true }]);
    http.clock.now += QUARTER;
    expect(await feed.next()).toEqual([]);
    await sender(http)([QUARTER + 2 * MINUTE], 8, directory);
    // the late value is of the first cell, and held through the second, which has ended too
    const late = await feed.next();
    expect(new Set(late.map((item) => item['start']))).toEqual(
      new Set([start, start + QUARTER].map((time) => new Date(time).toISOString())),
    );
  });

  test('is what somebody is given who is given nothing finer, until it is taken back', async () => {
    const http = await openTerritory();
    const send = sender(http);
    const dataset = await makeDataset(http, 'a', {
      selection: { properties: ['active_power'] },
      conditions: { finest: '15m' },
    });
    const terms = termsOf(['a', 'b'], [clauseOf('a', dataset)]);
    const b = await ownerOf(http, 'b');
    const query = '&purpose=operations&resolution=';
    const [minutes, quarters] = [
      await follower(http, b, `${query}1m`),
      await follower(http, b, `${query}15m`),
    ];
    await send([0]);
    http.clock.now += MINUTE;
    const id = await agree(http, terms);
    http.clock.now += QUARTER;
    await send([0]);
    http.clock.now += MINUTE;
    expect(await minutes.next()).toEqual([]);
    // given when it ended
    expect(told(await quarters.next())).toMatchObject([[expect.anything(), 1, false]]);
    http.clock.now += QUARTER;
    await act(http, 'a', id, 'withdraw');
    expect(await quarters.next()).toEqual([]);
    const { items } = (await http.get('/api/v1/usage', await ownerOf(http, 'a'))).json();
    expect(items).toMatchObject([{ reader: 'b', agreementId: id, readings: 1 }]);
  });
});
