import {
  assert as assertProperty,
  array,
  asyncProperty,
  constant,
  constantFrom,
  integer,
  oneof,
  record,
  uniqueArray,
  type Arbitrary,
} from 'fast-check';
import { expect, test } from 'vitest';
import { itemsOf, type HttpUnderTest } from '../http/http-under-test.js';
import { openTerritory, pointId } from '../http/territory.js';
import { act, agree, clauseOf, makeDataset, ownerOf, termsOf } from '../sharing/agreement-under-test.js';
import { follower, ordinals, sender } from './feed-under-test.js';

const MINUTE = 60_000;
const RUNS = Number(process.env['RUNS'] ?? 12);

type Step =
  | { readonly type: 'send'; readonly ages: readonly number[] }
  | { readonly type: 'wait'; readonly ms: number }
  | { readonly type: 'poll'; readonly limit: number }
  | { readonly type: 'lose-answer' | 'restart' | 'withdraw' | 'agree' };

const age = oneof(integer({ min: 0, max: 20_000 }), integer({ min: 0, max: 180 * MINUTE }));
const steps: Arbitrary<readonly Step[]> = array(
  oneof(
    {
      weight: 4,
      arbitrary: record({
        type: constant('send' as const),
        ages: uniqueArray(age, { minLength: 1, maxLength: 4 }),
      }),
    },
    {
      weight: 3,
      arbitrary: record({
        type: constant('wait' as const),
        ms: integer({ min: 1, max: 40 * MINUTE }),
      }),
    },
    {
      weight: 3,
      arbitrary: record({ type: constant('poll' as const), limit: integer({ min: 1, max: 5 }) }),
    },
    record({
      type: constantFrom('lose-answer' as const, 'restart' as const, 'withdraw' as const, 'agree' as const),
    }),
  ),
  { minLength: 5, maxLength: 25 },
);

interface Scene {
  readonly http: HttpUnderTest;
  readonly send: ReturnType<typeof sender>;
  readonly dataset: string;
  readonly point: string;
}

const openScene = async (): Promise<Scene> => {
  const http = await openTerritory();
  return {
    http,
    send: sender(http),
    dataset: await makeDataset(http, 'a', { selection: { properties: ['active_power'] } }),
    point: await pointId(http, 'p1'),
  };
};

/** What happened to one client of each kind of feed. */
interface Clients {
  /** What `b` is to be told of, and was not. */
  readonly owed: Set<unknown>;
  readonly told: unknown[];
  /** Cells that `a` was told of, by start. */
  readonly cells: Map<unknown, Record<string, unknown>>;
  readonly firstTold: unknown[];
  poll(limit: number): Promise<void>;
  loseAnswer(): Promise<void>;
}

const openClients = async ({ http }: Scene): Promise<Clients> => {
  // sessions end after twelve hours, and the clock of the scene runs
  const tokens = { a: await ownerOf(http, 'a'), b: await ownerOf(http, 'b') };
  const readings = await follower(http, tokens.b, '&purpose=operations');
  const cells = await follower(http, tokens.a, '&resolution=15m');
  const clients: Clients = {
    owed: new Set(),
    told: [],
    cells: new Map(),
    firstTold: [],
    poll: async (limit) => {
      const told = ordinals(await readings.rest(limit));
      clients.told.push(...told);
      for (const ordinal of told) clients.owed.delete(ordinal);
      for (const { revised, ...cell } of await cells.rest(limit)) {
        const { start } = cell;
        // what takes the place of something says so
        if (clients.cells.has(start)) expect(revised).toBe(true);
        if (revised === false) clients.firstTold.push(start);
        clients.cells.set(start, cell);
      }
    },
    loseAnswer: async () => {
      await readings.again();
      await cells.again();
    },
  };
  return clients;
};

const run = async (scene: Scene, taken: readonly Step[]): Promise<void> => {
  const { http, send, dataset, point } = scene;
  const clients = await openClients(scene);
  const begin = http.clock.now;
  let agreement: string | undefined;
  const sent = new Set<unknown>();
  for (const step of taken) {
    http.clock.now += 1;
    if (step.type === 'send') {
      const fresh = await send(step.ages);
      for (const ordinal of fresh) sent.add(ordinal);
      if (agreement !== undefined) for (const ordinal of fresh) clients.owed.add(ordinal);
    } else if (step.type === 'wait') http.clock.now += step.ms;
    else if (step.type === 'poll') await clients.poll(step.limit);
    else if (step.type === 'lose-answer') await clients.loseAnswer();
    else if (step.type === 'restart') http.fleet.restart();
    else if (step.type === 'agree')
      agreement ??= await agree(http, termsOf(['a', 'b'], [clauseOf('a', dataset)]));
    else if (agreement !== undefined) {
      await act(http, 'a', agreement, 'withdraw');
      agreement = undefined;
      clients.owed.clear();
    }
  }
  http.clock.now += 30 * MINUTE;
  await clients.poll(3);
  if (agreement !== undefined) await act(http, 'a', agreement, 'withdraw');
  expect([...clients.owed]).toEqual([]);
  expect(new Set(clients.told).size).toBe(clients.told.length);
  expect(clients.told.filter((ordinal) => !sent.has(ordinal))).toEqual([]);
  expect(new Set(clients.firstTold).size).toBe(clients.firstTold.length);
  const period = `from=${new Date(begin).toISOString()}&to=${new Date(http.clock.now).toISOString()}`;
  const path = `/api/v1/readings?point=${point}&resolution=15m&limit=5000&${period}`;
  const ended = itemsOf(await http.get(path, await ownerOf(http, 'a'))).filter(
    ({ end }) => Date.parse(String(end)) <= http.clock.now - 15 * MINUTE,
  );
  expect(ended.map((cell) => clients.cells.get(cell['start']))).toEqual(
    ended.map((cell) => ({ point, ...cell })),
  );
};

test(
  'a client that keeps its cursor gets each reading once and each cell as it ends up',
  { timeout: 180_000 },
  async () => {
    const scene = await openScene();
    await assertProperty(
      asyncProperty(steps, (taken) => run(scene, taken)),
      { numRuns: RUNS },
    );
  },
);
