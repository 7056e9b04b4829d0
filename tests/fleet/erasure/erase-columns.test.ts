import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseBatch } from '../../../agent/wire/batch.js';
import { countColumns, eraseColumns, type ErasureOrder } from '../../../fleet/erasure/erase-columns.js';
import { ProofError } from '../../../fleet/proof/errors.js';
import { verifyErasure } from '../../../fleet/erasure/receipt.js';
import { verifyProof } from '../../../fleet/proof/verify-proof.js';
import { createFollower } from '../../../fleet/projections/follower.js';
import { newId } from '../../../fleet/registry/new-id.js';
import { createOrganisations } from '../../../fleet/registry/organisations/organisations.js';
import { readOrganisationVocabulary } from '../../../fleet/registry/organisations/vocabulary.js';
import { openDatabase } from '../../../fleet/store/sqlite/database.js';
import { openRegistryStore } from '../../../fleet/store/sqlite/registry-store.js';
import { openViewsReader } from '../../../fleet/store/sqlite/views-reader.js';
import { startProgram } from '../../support/program.js';
import {
  ALL,
  directoryOf,
  dump,
  EPOCH,
  everything,
  NOW,
  point,
  reading,
  T0,
  type FleetOfViews,
} from '../projections/fleet-of-views.js';
import { openProofScene, SIGNING_GATEWAY, type ProofScene } from '../proof/proof-scene.js';

const LISTING = directoryOf(point(1), point(3));
/** What is to go, in [T0, T0 + 60 s), and what stays beside and after it. */
const SECRET = 41.12345678901234;
const nothing = (): void => undefined;

let scene: ProofScene;
let sent: Uint8Array[];

const bothAt = (ordinal: number, time: number, value: number) => ({
  content: 'readings' as const,
  columns: [
    { point: 1, readings: [reading(ordinal, time, 7.5)] },
    { point: 3, readings: [reading(ordinal + 1, time + 1, value)] },
  ],
});

beforeEach(async () => {
  scene = await openProofScene();
  sent = [
    await scene.send(LISTING, bothAt(1, T0, SECRET)),
    await scene.send(LISTING, bothAt(3, T0 + 20_000, SECRET)),
    await scene.send(LISTING, bothAt(5, T0 + 120_000, 12.25)),
  ];
});
let closed = false;
const closeScene = async (): Promise<void> => {
  if (!closed) await scene.fleet.close();
  closed = true;
};
afterEach(async () => {
  await closeScene();
  closed = false;
});

const order = async (): Promise<ErasureOrder> => {
  const pointId = await scene.pointId('p3');
  const { reader } = scene.fleet;
  const numberIn = (source: string, directory: Uint8Array) => reader.numberIn(source, directory, pointId);
  const whole = { own: new Set(['org']), holderAt: () => 'org' };
  return { pointId, from: T0, to: T0 + 60_000, numberIn, ...whole };
};

const erase = async (writer: Pick<FleetOfViews['log'], 'eraseColumns'> = scene.fleet.log) => {
  const deps = { reader: scene.fleet.entries, writer, now: () => NOW };
  const totals = await eraseColumns(deps, [await order()], nothing);
  await scene.fleet.project();
  await scene.fleet.views.checkpoint();
  return totals;
};

const valuesOf = async (key: string): Promise<unknown[]> =>
  (
    await scene.fleet.reader.readings(ALL, NOW, {
      pointId: await scene.pointId(key),
      from: T0,
      to: NOW,
      limit: 100,
    })
  ).map(({ value }) => value);
const cellsOf = async (key: string, resolution: '1m' | '1h'): Promise<number[]> =>
  (
    await scene.fleet.reader.rollups(ALL, NOW, {
      pointId: await scene.pointId(key),
      resolution,
      from: T0,
      to: NOW,
      limit: 1000,
    })
  ).map(({ aggregate }) => aggregate.count);
const proofAt = async (key: string, at: number): Promise<Uint8Array> =>
  scene.prover.reading({ scope: ALL, pointId: await scene.pointId(key), at });
const rowsOf = async () => (await scene.fleet.reader.ledgerDetail(ALL, SIGNING_GATEWAY)).epochs[0];

const bytesOf = (...names: string[]): Buffer =>
  Buffer.concat(
    names
      .flatMap((name) => [`${name}.db`, `${name}.db-wal`])
      .map((name) => join(scene.fleet.folder, name))
      .filter((path) => existsSync(path))
      .map((path) => readFileSync(path)),
  );
const asStored = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes;
};

describe('erasing a column', () => {
  test('takes what it says from every face, and leaves its neighbours with their proofs', async () => {
    expect(await valuesOf('p3')).toEqual([SECRET, SECRET, 12.25]);
    expect(await erase()).toEqual({ batches: 2, readings: 2, windows: 0, others: [] });
    expect(await valuesOf('p3')).toEqual([12.25]);
    expect(await valuesOf('p1')).toEqual([7.5, 7.5, 7.5]);
    expect((await cellsOf('p3', '1m')).reduce((a, b) => a + b)).toBe(1);
    expect(await cellsOf('p3', '1h')).toEqual([1]);
    expect(await cellsOf('p1', '1h')).toEqual([3]);
    await expect(proofAt('p3', T0 + 30_000)).rejects.toThrow(ProofError);
    expect(verifyProof(await proofAt('p1', T0), scene.root).proven).toMatchObject({
      reading: { value: 7.5 },
    });
    expect(verifyProof(await proofAt('p3', NOW), scene.root).proven).toMatchObject({
      reading: { value: 12.25 },
    });
  });

  test('takes the newest value too, and the one before takes its place', async () => {
    const { fleet } = scene;
    const latest = async () =>
      (await fleet.reader.latest(ALL, NOW, { limit: 10 })).map(({ key, value }) => [key, value]);
    const last = { ...(await order()), from: T0 + 100_000, to: T0 + 200_000 };
    await eraseColumns({ reader: fleet.entries, writer: fleet.log, now: () => NOW }, [last], nothing);
    await fleet.project();
    expect(Object.fromEntries(await latest())).toEqual({ p1: 7.5, p3: SECRET });
  });

  test('leaves its bytes in no file', async () => {
    const bodies = sent.slice(0, 2).map((message) => Buffer.from(parseBatch(message).body));
    const parts = bodies.flatMap((body) => [body.subarray(8, 40), body.subarray(-40, -8)]);
    expect(parts.every((part) => bytesOf('log').includes(part))).toBe(true);
    expect(bytesOf('views').includes(asStored(SECRET))).toBe(true);
    await erase();
    expect(parts.filter((part) => bytesOf('log').includes(part))).toEqual([]);
    expect(bytesOf('views').includes(asStored(SECRET))).toBe(false);
  });

  test('counts as erased in a ledger that still adds up', async () => {
    const before = await rowsOf();
    await erase();
    expect(await rowsOf()).toMatchObject({ stored: 3, addsUp: true, rows: { erased: 2, readings: 4 } });
    expect((await rowsOf())?.rows).toEqual({ ...before?.rows, erased: 2, readings: 4 });
  });

  test('is not undone by a resend, and a rebuild makes the same rows', async () => {
    const { fleet } = scene;
    await erase();
    const rows = dump(join(fleet.folder, 'views.db'));
    const place = { type: 'batch', source: SIGNING_GATEWAY, epoch: EPOCH, receivedAt: NOW } as const;
    const items = sent.map((message, index) => ({
      ...place,
      seq: index + 1,
      message,
      hash: hashOf(message),
    }));
    expect(await fleet.log.append(items)).toEqual(['duplicate', 'duplicate', 'duplicate']);
    expect(await fleet.project()).toBe(0);
    expect(dump(await fleet.projectElsewhere())).toEqual(rows);
  });

  test('goes on after it was cut off, and finds nothing when it is done', async () => {
    for (let n = 0; n < 70; n += 1) await scene.send(LISTING, bothAt(100 + 2 * n, T0 + 100 * n, SECRET));
    let steps = 0;
    const cut: Pick<FleetOfViews['log'], 'eraseColumns'> = {
      eraseColumns: async (erasures) => {
        steps += 1;
        if (steps === 2) throw new Error('killed');
        return scene.fleet.log.eraseColumns(erasures);
      },
    };
    await expect(erase(cut)).rejects.toThrow('killed');
    const erasedOf = async () => scene.fleet.entries.erased(await scene.pointId('p3'), T0, T0 + 60_000);
    const first = (await erasedOf()).length;
    expect(first).toBeGreaterThan(0);
    expect((await erase()).batches).toBe(72 - first);
    expect(await valuesOf('p3')).toEqual([12.25]);
    expect(await rowsOf()).toMatchObject({ rows: { erased: 72 } });
    const deps = { reader: scene.fleet.entries, now: () => NOW };
    expect((await countColumns(deps, [await order()], nothing)).batches).toBe(0);
    expect(await erasedOf()).toHaveLength(72);
  });

  test('is refused where the log holds another message than the one that was read', async () => {
    const [entry] = await scene.fleet.entries.read(1, 1, 1);
    const erasure = {
      position: entry?.position ?? 0,
      pointId: 'p',
      source: SIGNING_GATEWAY,
      epoch: EPOCH,
      seq: 1,
      firstTime: T0,
      lastTime: T0,
      readings: 1,
      windows: 0,
      erasedAt: NOW,
      before: new Uint8Array(32),
      after: new Uint8Array(32),
      message: new Uint8Array(1),
      others: [],
    };
    await expect(scene.fleet.log.eraseColumns([erasure])).rejects.toMatchObject({ code: 'changed-since' });
    expect(await scene.fleet.entries.read(1, 1, 1)).toEqual([entry]);
  });
});

/** The service's own way of following the log. */
const runService = () =>
  createFollower({
    projector: scene.fleet.projector(),
    moved: nothing,
    failed: nothing,
    rested: async () => undefined,
    idleMs: 20,
    retryMs: 20,
  });

const fleet = async (...words: string[]): Promise<readonly [number | null, string]> => {
  const program = startProgram('fleet', ...words);
  return [await program.ended(), program.output()];
};
const iso = (time: number): string => new Date(time).toISOString();
const hashOf = (message: Uint8Array): Buffer => createHash('sha256').update(message).digest();

describe('terroir-fleet erase', () => {
  test('erases beside a service that runs, with a receipt and one entry in the trail', async () => {
    const { folder } = scene.fleet;
    const pointId = await scene.pointId('p3');
    const out = join(folder, 'receipt');
    const period = ['--from', iso(T0), '--to', iso(T0 + 60_000), '--data', folder];
    const words = ['erase', '--point', pointId, ...period, '--reason', 'asked for by the resident'];
    const service = runService();
    const what = '2 readings and 0 windows of 2 batches';
    expect(await fleet(...words, '--dry-run')).toEqual([0, expect.stringContaining(`would erase ${what}`)]);
    expect(await fleet(...words, '--out', out)).toEqual([0, expect.stringContaining(`\nerased ${what}`)]);
    expect(await fleet(...words, '--out', out)).toEqual([1, expect.stringContaining('exists')]);

    const receipt = verifyErasure(readFileSync(out), scene.root);
    expect(receipt).toMatchObject({ pointId, reason: 'asked for by the resident' });
    const before = receipt.batches.map((batch) => Buffer.from(batch.before));
    expect(before).toEqual(sent.slice(0, 2).map(hashOf));
    const root = join(folder, 'authority', 'root.pem');
    expect(await fleet('verify', out, '--root', root)).toEqual([0, expect.stringMatching(/^it holds/)]);
    const changed = readFileSync(out);
    changed.write('visiting', changed.indexOf('resident'));
    writeFileSync(out, changed);
    expect(await fleet('verify', out, '--root', root)).toEqual([1, expect.stringContaining('(signature)')]);

    expect(await valuesOf('p3')).toEqual([12.25]);
    expect(bytesOf('views').includes(asStored(SECRET))).toBe(false);
    await service.stop();
    const [, trail] = await fleet('audit', 'list', '--action', 'erase-readings', '--data', folder);
    expect(trail.trim().split('\n')).toEqual([expect.stringContaining(`point ${pointId}`)]);
  }, 180_000);

  test('of an organisation takes what it held then and its people, and asks its gateways', async () => {
    const { folder, registry } = scene.fleet;
    registry.addOrganisation({
      id: 'next',
      parentId: 'org',
      name: 'Next',
      type: 'municipality',
      code: null,
      timeZone: 'UTC',
    });
    registry.addPerson({
      id: 'zoe',
      login: 'zoe',
      name: 'Zoé',
      organisationId: 'next',
      role: 'viewer',
      passwordHash: null,
    });
    const database = openDatabase(join(folder, 'registry.db'));
    const device = database.prepare('select id from device').pluck().get();
    database.prepare('update holding set "to" = ?').run(T0 + 60_000);
    database
      .prepare(`insert into holding (id, device_id, organisation_id, "from") values ('h', ?, 'next', ?)`)
      .run(device, T0 + 60_000);
    database.close();
    await closeScene();
    const out = join(folder, 'receipt');
    const words = ['--from', iso(T0), '--to', iso(NOW), '--reason', 'it asked', '--data', folder];
    const [code, said] = await fleet('erase', '--organisation', 'next', '--people', '--out', out, ...words);
    expect([code, said]).toEqual([0, expect.stringContaining('erased 2 readings')]);

    const receipt = verifyErasure(readFileSync(out), scene.root);
    expect(receipt).toMatchObject({
      organisationId: 'next',
      people: [{ personId: 'zoe' }],
      gateways: [{ gatewayId: SIGNING_GATEWAY }],
    });
    expect(receipt.batches.map(({ seq, readings }) => [seq, readings])).toEqual([
      [3, 1],
      [3, 1],
    ]);
    const root = join(folder, 'authority', 'root.pem');
    const [held, text] = await fleet('verify', out, '--root', root);
    expect([held, text]).toEqual([
      0,
      expect.stringMatching(/organisation +next[^]*person zoe[^]*is asked by command/),
    ]);

    const path = (name: string): string => join(folder, `${name}.db`);
    const after = openRegistryStore(path('registry'), { newId });
    const [command] = after.pendingCommands(SIGNING_GATEWAY, Date.now());
    expect(command).toMatchObject({
      name: 'erase',
      arguments: { from: T0 + 60_000, to: NOW, points: 'meter/p1,meter/p3' },
    });
    expect(after.person('zoe')).toBeUndefined();
    after.close();
    const views = openViewsReader({ views: path('views'), registry: path('registry'), log: path('log') });
    const left = await views.latest(everything('org', 'next'), NOW, { limit: 10 });
    await views.close();
    expect(left.map(({ key, value }) => [key, value])).toEqual(
      expect.arrayContaining([
        ['p1', 7.5],
        ['p3', SECRET],
      ]),
    );
    expect(left.every(({ time }) => time < T0 + 60_000)).toBe(true);
  }, 180_000);

  test('of a column that goes on into another’s time takes it with their consent alone, and says what', async () => {
    const { folder, registry } = scene.fleet;
    await scene.send(LISTING, {
      content: 'readings',
      columns: [{ point: 3, readings: [59, 60, 61].map((s) => reading(200 + s, T0 + s * 1000, SECRET)) }],
    });
    await scene.fleet.project();
    const more = { parentId: 'org', type: 'municipality', code: null, timeZone: 'UTC' } as const;
    registry.addOrganisation({ id: 'next', name: 'Next', ...more });
    const organisations = createOrganisations({
      store: registry,
      vocabulary: readOrganisationVocabulary(),
      newId,
      now: () => NOW,
    });
    const devices = registry.records('device').map(({ id }) => id);
    const asked = { to: 'next', from: iso(T0 + 60_000), past: 'withheld' as const, devices, alone: true };
    organisations.perform({ deed: 'transfer', asked }, { by: 'p' });
    await closeScene();

    const out = join(folder, 'receipt');
    const words = ['erase', '--organisation', 'org', '--from', iso(T0), '--to', iso(T0 + 100_000)];
    const all = [...words, '--reason', 'it asked', '--data', folder, '--out', out];
    expect(await fleet(...all)).toEqual([
      1,
      expect.stringContaining('Next (next): 2 readings, 0 windows. Give --consent'),
    ]);
    expect(existsSync(out)).toBe(false);
    const [code, said] = await fleet(...all, '--consent', 'next');
    expect([code, said]).toEqual([0, expect.stringContaining('of these, next held 2 readings')]);
    const receipt = verifyErasure(readFileSync(out), scene.root);
    expect(receipt.consents).toEqual(['next']);
    expect(receipt.batches.flatMap(({ others }) => others)).toEqual([
      { organisationId: 'next', firstTime: T0 + 60_000, lastTime: T0 + 61_000, readings: 2, windows: 0 },
    ]);
    const root = join(folder, 'authority', 'root.pem');
    expect((await fleet('verify', out, '--root', root))[1]).toContain('that next held, which agreed');
    const [, trail] = await fleet('audit', 'list', '--action', 'erase-readings', '--data', folder);
    expect(trail.trim().split('\n')).toHaveLength(2);
  }, 240_000);

  test('killed in the middle, beside a service that runs, goes on and gives the whole receipt', async () => {
    const { folder } = scene.fleet;
    for (let n = 0; n < 600; n += 1) await scene.send(LISTING, bothAt(1000 + 2 * n, T0 + 90 * n, SECRET));
    await scene.fleet.project();
    const service = runService();
    const out = join(folder, 'receipt');
    const period = ['--from', iso(T0), '--to', iso(T0 + 60_000), '--data', folder];
    const words = [
      'erase',
      '--point',
      await scene.pointId('p3'),
      ...period,
      '--reason',
      'asked for',
      '--out',
      out,
    ];
    const first = startProgram('fleet', ...words);
    await first.printed(/erasing: \d+/, 200_000);
    await first.end('SIGKILL');
    expect(existsSync(out)).toBe(false);
    const [code, said] = await fleet(...words);
    expect([code, said]).toEqual([0, expect.stringMatching(/[1-9]\d* batches had been erased before/)]);
    expect(verifyErasure(readFileSync(out), scene.root).batches).toHaveLength(602);
    expect(await valuesOf('p3')).toEqual([12.25]);
    expect(await rowsOf()).toMatchObject({ addsUp: true, rows: { erased: 602 } });
    await service.stop();
    expect(dump(await scene.fleet.projectElsewhere())).toEqual(dump(join(folder, 'views.db')));
  }, 300_000);
});
