import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { openDatabase } from '../../../fleet/store/sqlite/database.js';
import type { HttpUnderTest } from '../http/http-under-test.js';
import { openTerritory, pointId } from '../http/territory.js';
import {
  act,
  addOrganisation,
  agree,
  clauseOf,
  makeDataset,
  ownerOf,
  termsOf,
} from './agreement-under-test.js';

/** More than a system keeps for a reader that does not read: 30 bytes and more of each. */
const ROWS = 200_000;
const PERIOD = 'from=2026-03-10T00:00:00Z&to=2026-03-20T00:00:00Z';

let http: HttpUnderTest;
let id: string;
let datasetId: string;
let point: string;
let port: number;

/** The first reading of a point again, each second after it. */
const multiply = ({ fleet }: HttpUnderTest, pointKey: string): void => {
  const database = openDatabase(join(fleet.folder, 'views.db'));
  database.prepare('attach database ? as registry').run(join(fleet.folder, 'registry.db'));
  database.pragma('synchronous = OFF');
  database
    .prepare(
      `insert into series (point, time, origin, ordinal, value)
       with recursive n (i) as (select 1 union all select i + 1 from n where i < ?)
       select s.point, s.time + i * 1000 + 1, s.origin, 100000 + i, s.value from n, (
         select * from series where point = (select number from registry.point where id = ?) order by time limit 1) s`,
    )
    .run(ROWS, pointKey);
  database.close();
};

beforeEach(async () => {
  http = await openTerritory();
  http.clock.now = Date.parse('2026-03-25T00:00:00Z');
  addOrganisation(http, 'c');
  point = await pointId(http, 'p1');
  datasetId = await makeDataset(http, 'a', { selection: { points: [point] } });
  id = await agree(http, termsOf(['a', 'b', 'c'], [clauseOf('a', datasetId)]));
  multiply(http, point);
  await http.server.listen({ host: '127.0.0.1', port: 0 });
  ({ port } = http.server.server.address() as AddressInfo);
});

/** Asks, and reads nothing after the first bytes until told. */
const open = async (path: string, token: string): Promise<IncomingMessage> => {
  const headers = { authorization: `Bearer ${token}` };
  const request = get({ port, host: '127.0.0.1', path, headers });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.once('data', () => response.pause());
  await once(response, 'data');
  return response;
};

/** Reads on to whatever end there is. */
const finish = async (response: IncomingMessage): Promise<{ complete: boolean; bytes: number }> => {
  let bytes = 0;
  response.on('data', (chunk: Buffer) => (bytes += chunk.length));
  response.on('error', () => undefined);
  response.resume();
  await once(response, 'close').catch(() => undefined);
  return { complete: response.complete, bytes };
};

const readings = () => `/api/v1/readings?point=${point}&${PERIOD}&format=csv&purpose=operations`;
const dataset = () => `/api/v1/datasets/${datasetId}/readings?${PERIOD}&purpose=operations`;

describe('a running CSV', () => {
  test('breaks off for whoever withdrew, which its reader can tell from an end; the others read on', async () => {
    const [b, c] = [await ownerOf(http, 'b'), await ownerOf(http, 'c')];
    const leaving = await open(readings(), c);
    const staying = await open(readings(), b);
    expect((await act(http, 'c', id, 'withdraw')).status).toBe(200);
    const cut = await finish(leaving);
    const whole = await finish(staying);
    expect([cut.complete, whole.complete]).toEqual([false, true]);
    expect(whole.bytes).toBeGreaterThan(ROWS * 30);
    expect(cut.bytes).toBeLessThan(whole.bytes / 2);
    const ofDataset = await open(dataset(), b);
    expect((await act(http, 'a', id, 'withdraw')).status).toBe(200);
    expect((await finish(ofDataset)).complete).toBe(false);
    expect((await http.get(readings(), b)).status).toBe(404);
  });
});
