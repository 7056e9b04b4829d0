import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { aggregateReadings } from '../../../agent/wire/aggregate/aggregate-readings.js';
import { decodeProof } from '../../../fleet/proof/proof-file.js';
import { verifyProof } from '../../../fleet/proof/verify-proof.js';
import { openHttpOver, type HttpUnderTest } from '../http/http-under-test.js';
import { directoryOf, point, reading, T0 } from '../projections/fleet-of-views.js';
import { act, agree, clauseOf, makeDataset, ownerOf, termsOf } from '../sharing/agreement-under-test.js';
import { openProofScene, type ProofScene } from './proof-scene.js';

const MINUTE = 60_000;
const READINGS = Array.from({ length: 18 }, (_, index) => reading(index + 1, T0 + index * 10_000, index));

let scene: ProofScene;
let http: HttpUnderTest;
let token: string;
let ids: { shared: string; kept: string };

const windowOf = (start: number) => ({
  ordinal: 500 + start / MINUTE,
  start,
  revision: 0,
  aggregate: aggregateReadings({
    kind: 'gauge',
    start,
    end: start + MINUTE,
    readings: READINGS.filter(({ time }) => time >= start && time < start + MINUTE),
    intervalMs: 10_000,
    maxHoldMs: 60_000,
  }),
});

beforeEach(async () => {
  scene = await openProofScene();
  const served = await openHttpOver(scene.fleet);
  onTestFinished(() => served.close());
  http = served;
  // the signers of this fleet were made now
  http.clock.now = Date.now();
  const directory = directoryOf(
    point(1, { key: 'shared', windows: [MINUTE] }),
    point(2, { key: 'kept', name: 'Secret', property: 'volume' }),
  );
  const neighbour = READINGS.map((row) => ({ ...row, ordinal: row.ordinal + 100, value: 777_777 }));
  const columns = [
    { point: 1, readings: READINGS },
    { point: 2, readings: neighbour },
  ];
  await scene.send(directory, { content: 'readings', columns });
  const windows = [T0 + MINUTE, T0 + 2 * MINUTE].map(windowOf);
  await scene.send(directory, {
    content: 'windows',
    columns: [{ point: 1, periodMs: MINUTE, windows }],
  });
  ids = { shared: await scene.pointId('shared'), kept: await scene.pointId('kept') };
  token = await ownerOf(http, 'b');
});

const giveBy = async (conditions: object): Promise<string> => {
  const dataset = await makeDataset(http, 'org', { selection: { properties: ['active_power'] } });
  return agree(http, termsOf(['org', 'b'], [clauseOf('org', dataset, { conditions })]));
};

/** The answer as it came: a proof is bytes. */
const ask = async (id: string, query = '&purpose=operations', who = token) => {
  const url = `/api/v1/points/${id}/proof?at=2026-03-10T10:02:30Z${query}`;
  const { statusCode, rawPayload } = await http.server.inject({
    method: 'GET',
    url,
    headers: { authorization: `Bearer ${who}` },
  });
  return { status: statusCode, bytes: new Uint8Array(rawPayload) };
};

const minute = '&resolution=1m&purpose=operations';

describe('under an agreement', () => {
  test('what is received can be proven, of that point alone, for its purpose, until it is withdrawn', async () => {
    const agreement = await giveBy({});
    const given = await ask(ids.shared);
    expect(given.status).toBe(200);
    expect(verifyProof(given.bytes, scene.root).proven).toMatchObject({
      type: 'reading',
      reading: { value: 15 },
    });
    expect(decodeProof(given.bytes).columns).toHaveLength(1);
    expect(Buffer.from(given.bytes).includes('Secret')).toBe(false);
    expect((await ask(ids.shared, minute)).status).toBe(200);
    for (const answer of [
      await ask(ids.kept),
      await ask(ids.shared, ''),
      await ask(ids.shared, '&purpose=research'),
      await ask(ids.shared, undefined, await ownerOf(http, 'a')),
    ]) {
      expect(answer.status).toBe(404);
    }
    expect((await act(http, 'org', agreement, 'withdraw')).status).toBe(200);
    expect((await ask(ids.shared)).status).toBe(404);
  });

  test('of windows alone, those that the gateway signed are proven, and no reading is shown', async () => {
    await giveBy({ finest: '1m' });
    expect((await ask(ids.shared)).status).toBe(404);
    const given = await ask(ids.shared, minute);
    expect(given.status).toBe(200);
    expect(verifyProof(given.bytes, scene.root).proven).toMatchObject({ type: 'window', by: 'gateway' });
    expect(decodeProof(given.bytes).columns).toHaveLength(1);
  });

  test('nothing is proven that is coarser than asked, delayed, outside its time or in aggregates only', async () => {
    for (const conditions of [
      { finest: '15m' },
      { delayMs: 366 * 24 * 3_600_000 },
      { from: T0 + 10_000 },
      { to: T0 + 20_000 },
      { aggregation: { contributors: 3, maxShare: 0.5 } },
    ]) {
      const agreement = await giveBy(conditions);
      for (const query of [undefined, minute]) {
        expect([conditions, (await ask(ids.shared, query)).status]).toEqual([conditions, 404]);
      }
      await act(http, 'org', agreement, 'withdraw');
    }
  });
});
