import { createHash, X509Certificate } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { replayReceipts } from '../../../fleet/backup/replay-receipts.js';
import { restoreBackup } from '../../../fleet/backup/restore-backup.js';
import { takeBackup, type Said } from '../../../fleet/backup/take-backup.js';
import { eraseColumns } from '../../../fleet/erasure/erase-columns.js';
import { createSealer } from '../../../fleet/erasure/open-sealer.js';
import { newId } from '../../../fleet/registry/new-id.js';
import { openAuthority } from '../../../fleet/registry/authority/authority.js';
import { openLogReader } from '../../../fleet/store/sqlite/log-reader.js';
import { openLogWriter } from '../../../fleet/store/sqlite/log-writer.js';
import { openRegistryStore } from '../../../fleet/store/sqlite/registry-store.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { directoryOf, dump, EPOCH, NOW, point, reading, T0 } from '../projections/fleet-of-views.js';
import { openProofScene, SIGNING_GATEWAY, type ProofScene } from '../proof/proof-scene.js';

const LISTING = directoryOf(point(1), point(3));
const SECRET = 41.12345678901234;
const nothing = (): void => undefined;
const keep = async (): Promise<void> => undefined;

let scene: ProofScene;
let sent = 0;
let closed = false;

const send = (value: number): Promise<Uint8Array> => {
  const ordinal = sent * 2 + 1;
  const time = T0 + sent * 20_000;
  sent += 1;
  return scene.send(LISTING, {
    content: 'readings',
    columns: [
      { point: 1, readings: [reading(ordinal, time, 7.5)] },
      { point: 3, readings: [reading(ordinal + 1, time + 1, value)] },
    ],
  });
};

beforeEach(async () => {
  sent = 0;
  closed = false;
  scene = await openProofScene();
  writeFileSync(join(scene.fleet.folder, 'access.key'), 'k\n', { mode: 0o600 });
  for (const value of [SECRET, SECRET, 12.25]) await send(value);
});
const close = async (): Promise<void> => {
  if (!closed) await scene.fleet.close();
  closed = true;
};
afterEach(close);

const backup = (said: Said = nothing, withViews = true, folder = join(temporaryFolder(), 'backup')) =>
  takeBackup(scene.fleet.folder, folder, withViews, { now: () => NOW, program: '1', said }).then(
    (manifest) => ({ folder, manifest }),
  );
const elsewhere = (): string => join(temporaryFolder(), 'fleet');

/** Positions, keys and messages of a log. */
const entriesIn = async (folder: string) => {
  const log = openLogReader(join(folder, 'log.db'));
  const entries = await log.read(0, 1_000, 1e9);
  await log.close();
  return entries.map(({ position, source, message }) => [
    position,
    source,
    createHash('sha256').update(message).digest('hex'),
  ]);
};

describe('a backup', () => {
  test('has what stands in write-ahead logs alone, and comes back row for row', async () => {
    // nothing has been copied into the files yet: all of it is beside them
    expect(statSync(join(scene.fleet.folder, 'log.db-wal')).size).toBeGreaterThan(0);
    const { folder, manifest } = await backup();
    expect(manifest.counts).toMatchObject({ batches: 3, directories: 1, head: 4, projected: 4, sources: 1 });
    const data = elsewhere();
    await restoreBackup(folder, data, nothing, keep);
    expect(await entriesIn(data)).toEqual(await entriesIn(scene.fleet.folder));
    expect(dump(join(data, 'views.db'))).toEqual(dump(join(scene.fleet.folder, 'views.db')));
    for (const name of ['access.key', 'authority/root.pem', 'authority/root.key']) {
      expect(readFileSync(join(data, name)).equals(readFileSync(join(scene.fleet.folder, name)))).toBe(true);
    }
  });

  test('is of files that go together, whatever comes while it is made', async () => {
    // a batch with a new directory, projected, after each step: new entries, new points, a cursor that moves on
    let last = '';
    const coming: Promise<unknown>[] = [];
    const said = (what: string): void => {
      if (what === last || !what.endsWith('.db')) return;
      last = what;
      coming.push(send(sent));
    };
    const { folder, manifest } = await backup(said);
    await Promise.all(coming);
    expect(coming.length).toBeGreaterThan(1);
    expect(manifest.counts.projected).toBeLessThanOrEqual(manifest.counts.head);
    const data = elsewhere();
    await restoreBackup(folder, data, nothing, keep);
    const whole = await entriesIn(scene.fleet.folder);
    expect(await entriesIn(data)).toEqual(whole.slice(0, manifest.counts.head));
  });

  test('is its owner’s alone, in a folder of its own', async () => {
    const { folder, manifest } = await backup();
    for (const name of ['backup.json', ...manifest.files.map((file) => file.name)]) {
      expect([name, statSync(join(folder, name)).mode & 0o777]).toEqual([name, 0o600]);
    }
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(readdirSync(folder).filter((name) => /-wal$|-shm$/.test(name))).toEqual([]);
    await expect(backup(nothing, true, folder)).rejects.toMatchObject({ code: 'not-empty' });
  });

  test('without views has none, and says so', async () => {
    const { folder, manifest } = await backup(nothing, false);
    expect(manifest.counts.projected).toBeNull();
    expect(existsSync(join(folder, 'views.db'))).toBe(false);
  });
});

describe('a restore', () => {
  test('refuses a backup of which a byte changed, that was cut, or a folder in use, and leaves nothing', async () => {
    const { folder, manifest } = await backup();
    const parent = temporaryFolder();
    const data = join(parent, 'fleet');
    for (const { name } of manifest.files) {
      const path = join(folder, name);
      const whole = readFileSync(path);
      const changed = Buffer.from(whole);
      changed.writeUInt8((changed[whole.length >> 1] ?? 0) ^ 1, whole.length >> 1);
      writeFileSync(path, changed);
      await expect(restoreBackup(folder, data, nothing, keep)).rejects.toMatchObject({ code: 'damaged' });
      writeFileSync(path, whole);
    }
    const cut = join(temporaryFolder(), 'cut');
    await expect(restoreBackup(cut, data, nothing, keep)).rejects.toMatchObject({ code: 'incomplete' });
    expect(readdirSync(parent)).toEqual([]);
    await expect(restoreBackup(folder, scene.fleet.folder, nothing, keep)).rejects.toMatchObject({
      code: 'not-empty',
    });
    await restoreBackup(folder, data, nothing, keep);
    expect(readdirSync(parent)).toEqual(['fleet']);
  });

  test('refuses copies that do not go together though each is sound', async () => {
    const earlier = await backup();
    await send(1);
    const later = await backup();
    // a log behind its views
    const mixed = (name: string) => {
      writeFileSync(join(later.folder, name), readFileSync(join(earlier.folder, name)));
      const old = earlier.manifest.files.find((file) => file.name === name);
      const files = later.manifest.files.map((file) =>
        file.name === name && old !== undefined ? old : file,
      );
      const manifest = { ...later.manifest, files };
      writeFileSync(join(later.folder, 'backup.json'), JSON.stringify(manifest));
    };
    mixed('log.db');
    await expect(restoreBackup(later.folder, elsewhere(), nothing, keep)).rejects.toMatchObject({
      code: 'incoherent',
    });
  });

  test('refuses a registry that does not know a gateway of its log', async () => {
    const other = 'gateway000000000099';
    const hash = createHash('sha256').update('d').digest();
    const directory = { type: 'directory', source: other, hash, receivedAt: T0 } as const;
    await scene.fleet.log.append([{ ...directory, message: Buffer.from('d') }]);
    await expect(backup()).rejects.toMatchObject({
      code: 'incoherent',
      message: expect.stringContaining(other),
    });
  });

  test('erases again what receipts say was erased since: readings, and people', async () => {
    const { fleet, authority } = scene;
    const person = { login: 'zoe', name: 'Zoé', role: 'viewer', passwordHash: null } as const;
    fleet.registry.addPerson({ id: 'zoe', organisationId: 'org', ...person });
    const { folder } = await backup();
    const pointId = await scene.pointId('p3');
    const numberIn = (source: string, directory: Uint8Array) =>
      fleet.reader.numberIn(source, directory, pointId);
    const order = {
      pointId,
      from: T0,
      to: T0 + 30_000,
      numberIn,
      own: new Set(['org']),
      holderAt: () => 'org',
    };
    await eraseColumns({ reader: fleet.entries, writer: fleet.log, now: () => NOW }, [order], nothing);
    const seal = await createSealer(authority, Date.now);
    const batches = (await fleet.entries.erased(pointId, T0, NOW)).map((batch) => ({ ...batch, pointId }));
    const receipt = join(temporaryFolder(), 'receipt');
    const said = { pointId, from: T0, to: T0 + 30_000, reason: 'asked', by: 'me', batches };
    writeFileSync(receipt, seal({ ...said, people: [{ personId: 'zoe', trails: [] }] }));

    const plain = elsewhere();
    await restoreBackup(folder, plain, nothing, keep);
    expect(holds(plain)).toBe(true);
    const data = elsewhere();
    await restoreBackup(folder, data, nothing, async (copy) => {
      expect(await replayReceipts(copy, [receipt], nothing)).toEqual({
        receipts: 1,
        people: 1,
        erased: 2,
        absent: 0,
      });
    });
    // as the living fleet has it: the same messages in the same places, and the original is a duplicate
    expect(await entriesIn(data)).toEqual(await entriesIn(fleet.folder));
    expect(holds(data)).toBe(false);
    const registry = openRegistryStore(join(data, 'registry.db'), { newId });
    expect(registry.person('zoe')).toBeUndefined();
    registry.close();
    const log = openLogWriter(join(data, 'log.db'));
    const [first] = batches;
    const original = {
      type: 'batch',
      source: SIGNING_GATEWAY,
      epoch: EPOCH,
      seq: 1,
      receivedAt: NOW,
    } as const;
    const hash = first?.before ?? new Uint8Array();
    expect(await log.append([{ ...original, hash, message: new Uint8Array(1) }])).toEqual(['duplicate']);
    await log.close();
  });

  test('takes no receipt of another fleet', async () => {
    const { folder } = await backup();
    const another = await openAuthority(join(temporaryFolder(), 'authority'), { now: Date.now });
    expect(another.rootPem).not.toBe(new X509Certificate(scene.authority.rootPem).toString());
    const seal = await createSealer(another, Date.now);
    const receipt = join(temporaryFolder(), 'receipt');
    writeFileSync(receipt, seal({ reason: 'none', by: 'me', batches: [] }));
    const data = elsewhere();
    await expect(
      restoreBackup(
        folder,
        data,
        nothing,
        async (copy) => void (await replayReceipts(copy, [receipt], nothing)),
      ),
    ).rejects.toMatchObject({ code: 'damaged' });
    expect(existsSync(data)).toBe(false);
  });
});

/** Whether the value that was erased is anywhere in a folder's databases. */
const holds = (folder: string): boolean => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(SECRET);
  return readdirSync(folder)
    .filter((name) => name.includes('.db'))
    .some((name) => readFileSync(join(folder, name)).includes(bytes));
};
