import { describe, expect, test } from 'vitest';
import { GATEWAY_A, itemsOf } from '../http/http-under-test.js';
import { openTerritory, pointId } from '../http/territory.js';
import { directoryOf, point } from '../projections/fleet-of-views.js';
import {
  act,
  addOrganisation,
  agree,
  clauseOf,
  makeDataset,
  ownerOf,
  termsOf,
} from '../sharing/agreement-under-test.js';
import { follower, ordinals, sender } from './feed-under-test.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const POWER = { selection: { properties: ['active_power'] } };
describe('a feed', () => {
  test('tells each reading once, as it comes, late ones as such, from where it began', async () => {
    const http = await openTerritory();
    const send = sender(http);
    const feed = await follower(http, await ownerOf(http, 'a'));
    const first = await send([0, 10_000]);
    const late = await send([HOUR, 2 * MINUTE]);
    // the same batches again, and one that had been sealed before
    expect(ordinals(await feed.next(1))).toEqual([...first].toReversed());
    const repeated = await feed.again();
    expect(itemsOf(await feed.again())).toEqual(itemsOf(repeated));
    const items = await feed.next();
    expect(ordinals(items)).toEqual(late);
    expect(items).toMatchObject([
      {
        late: true,
        recalled: false,
        point: await pointId(http, 'p1'),
        received: new Date(http.clock.now).toISOString(),
      },
      { late: false },
    ]);
    expect(await feed.next()).toEqual([]);
    const more = await send([0]);
    http.fleet.restart();
    expect(ordinals(await feed.next())).toEqual(more);
    expect(await feed.next()).toEqual([]);
  });

  test('has what an agreement gives from its date to a withdrawal, and nothing else of others', async () => {
    const http = await openTerritory();
    const send = sender(http);
    addOrganisation(http, 'd');
    const query = '&purpose=operations';
    const b = await follower(http, await ownerOf(http, 'b'), query);
    const d = await follower(http, await ownerOf(http, 'd'), query);
    await send([0]);
    http.clock.now += MINUTE;
    const id = await agree(http, termsOf(['a', 'b'], [clauseOf('a', await makeDataset(http, 'a', POWER))]));
    expect(await b.next()).toEqual([]);
    http.clock.now += MINUTE;
    const given = await send([0, 3 * MINUTE]);
    await send([0], 3);
    expect(ordinals(await b.next(1))).toEqual([...given].toReversed());
    await b.next();
    const lengths = new Set([b.cursor().length, d.cursor().length]);
    expect(await d.next()).toEqual([]);
    expect(lengths).toEqual(new Set([d.cursor().length]));
    await send([0]);
    await act(http, 'a', id, 'withdraw');
    expect(await b.next()).toEqual([]);
    const stolen = await http.get(
      `/api/v1/feed?limit=9${query}&cursor=${b.cursor()}`,
      await ownerOf(http, 'd'),
    );
    expect(stolen.status).toBe(400);
    const { items } = (await http.get('/api/v1/usage', await ownerOf(http, 'a'))).json();
    expect(items).toMatchObject([{ reader: 'b', agreementId: id, readings: 3 }]);
  });

  test('gives what is delayed when its delay is over, and what is not at once', async () => {
    const http = await openTerritory();
    const send = sender(http);
    const delayed = await makeDataset(http, 'a', { ...POWER, conditions: { delayMs: 2 * HOUR } });
    const live = await makeDataset(http, 'a', { selection: { properties: ['note'] }, audience: 'open' });
    await agree(http, termsOf(['a', 'b'], [clauseOf('a', delayed), clauseOf('a', live, { key: 'live' })]));
    http.clock.now += MINUTE;
    const b = await follower(http, await ownerOf(http, 'b'), '&purpose=operations');
    const waiting = await send([0, MINUTE]);
    http.clock.now += 90 * MINUTE;
    const later = await send([0]);
    // dated ahead of its receipt: not given before its own time is old enough, and so not at all
    await send([-30 * MINUTE]);
    const once = await send([0], 2);
    expect(ordinals(await b.next())).toEqual(once);
    http.clock.now += 45 * MINUTE;
    expect(ordinals(await b.next())).toEqual([...waiting].toReversed());
    expect(await b.next()).toEqual([]);
    http.clock.now += 90 * MINUTE;
    expect(ordinals(await b.next())).toEqual(later);
    http.clock.now += HOUR;
    expect(await b.next()).toEqual([]);
  });

  test('waits for a batch whose directory has not come, for an hour', async () => {
    const http = await openTerritory();
    const send = sender(http);
    const feed = await follower(http, await ownerOf(http, 'a'));
    const changed = directoryOf(point(7, { key: 'p1' }));
    const unknown = await send([0], 7, changed);
    const known = await send([0]);
    expect(await feed.next()).toEqual([]);
    await http.fleet.sendDirectory(changed, GATEWAY_A);
    await http.fleet.project();
    expect(ordinals(await feed.next())).toEqual([...unknown, ...known]);
    await send([0], 8, directoryOf(point(8, { key: 'p2' })));
    const behind = await send([0]);
    expect(await feed.next()).toEqual([]);
    http.clock.now += HOUR + 1;
    expect(ordinals(await feed.next())).toEqual(behind);
  });

  test('of open datasets is anybody’s', async () => {
    const http = await openTerritory();
    const send = sender(http);
    await makeDataset(http, 'a', { ...POWER, audience: 'open' });
    const feed = await follower(http, undefined);
    const given = await send([0]);
    expect(ordinals(await feed.next())).toEqual(given);
  });
});
