import { directoryOf, EPOCH, point, reading, T0 } from '../projections/fleet-of-views.js';
import type { Directory } from '../../../agent/wire/directory.js';
import { GATEWAY_A, GATEWAY_B, itemsOf, openHttp, type HttpUnderTest } from './http-under-test.js';

const placed = (directory: Directory, location: string): Directory => ({
  ...directory,
  devices: directory.devices.map((device) => ({
    ...device,
    installation: { serial: `S-${location}`, location, locationName: `Place ${location}` },
  })),
});

/** Readings each ten seconds over two hours. */
const STEP_MS = 10_000;
export const COUNT = 720;

export const POWER = Array.from({ length: COUNT }, (_, index) =>
  reading(index + 1, T0 + index * STEP_MS, 100 + (index % 7)),
);
const NOTES = [
  '=1+1',
  '+cmd',
  '-cmd',
  '@SUM(A1)',
  '\tindented',
  'a,b',
  'say "no"',
  'two\nlines',
  'plain',
  '-5',
].map((text, index) => reading(COUNT + 1 + index, T0 + index * STEP_MS, text));
const INDEX = [reading(5000, T0, 9_007_199_254_740_993n), reading(5001, T0 + STEP_MS, 12)];

/** What the gateways of `a` and of `b` have. */
export const DIRECTORY_A = placed(
  directoryOf(
    point(1),
    point(2, { key: 'note', kind: 'text', valueType: 'text', unit: '1', property: 'note' }),
    point(3, { key: 'index', kind: 'counter', valueType: 'integer', unit: 'W.h' }),
  ),
  'mairie',
);
const DIRECTORY_B = placed(directoryOf(point(1, { key: 'other' })), 'ecole');

/** The server over two gateways that sent: `a` a power, a note and an index, `b` a power. */
export const openTerritory = async (): Promise<HttpUnderTest> => {
  const http = await openHttp();
  await fillTerritory(http);
  return http;
};

export const fillTerritory = async ({ fleet }: Pick<HttpUnderTest, 'fleet'>): Promise<void> => {
  await fleet.sendDirectory(DIRECTORY_A, GATEWAY_A);
  await fleet.sendDirectory(DIRECTORY_B, GATEWAY_B);
  const columns = [
    { point: 1, readings: POWER },
    { point: 2, readings: NOTES },
    { point: 3, readings: INDEX },
  ];
  await fleet.send(
    DIRECTORY_A,
    { content: 'readings', columns },
    { source: GATEWAY_A, epoch: EPOCH, seq: 1 },
  );
  const others = [{ point: 1, readings: POWER.slice(0, 5) }];
  // the second of two batches: one is missing
  await fleet.send(
    DIRECTORY_B,
    { content: 'readings', columns: others },
    { source: GATEWAY_B, epoch: EPOCH, seq: 2 },
  );
  await fleet.project();
};

/** Id of a point that the top of the tree sees. */
export const pointId = async (http: HttpUnderTest, key: string): Promise<string> => {
  const token = await http.login('org-operator');
  const found = itemsOf(await http.get('/api/v1/points', token)).find((row) => row['key'] === key);
  if (found === undefined) throw new Error(`no point ${key}`);
  return String(found['id']);
};
