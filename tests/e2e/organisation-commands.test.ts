import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { newId } from '../../fleet/registry/new-id.js';
import { openRegistryStore } from '../../fleet/store/sqlite/registry-store.js';
import { addGateway, directoryOf, point } from '../fleet/projections/fleet-of-views.js';
import { startFleet } from '../support/fleet-under-test.js';
import { runProgram } from '../support/program.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const GATEWAY = 'gatewayaaaaaaaaaaaaa';
const METERS = ['heat', 'water'];

/** Two meters at one location, which the gateway calls `inlet`. */
const listing = () => {
  const [meter] = directoryOf().devices;
  if (meter === undefined) throw new Error('no device');
  const counter = { kind: 'counter', property: 'water_volume', unit: 'm3' } as const;
  return {
    ...directoryOf(),
    devices: METERS.map((key) => ({
      ...meter,
      key,
      name: `Meter ${key}`,
      installation: { serial: `old-${key}`, location: 'inlet' },
    })),
    points: METERS.map((device, index) => point(index + 1, { device, key: 'index', ...counter })),
  };
};

const openFleet = async () => {
  const folder = temporaryFolder();
  const fleet = await startFleet(folder);
  const data = ['--data', fleet.dataFolder];
  const done = async (...words: readonly string[]): Promise<Record<string, unknown>> => {
    const { code, stdout, output } = await runProgram('fleet', ...words, ...data, '--json');
    expect([words, code, code === 0 ? '' : output]).toEqual([words, 0, '']);
    return JSON.parse(stdout) as Record<string, unknown>;
  };
  /** Refused by the program with this in its message, and not by a stack. */
  const refused = async (message: string, ...words: readonly string[]): Promise<void> => {
    const { code, output } = await runProgram('fleet', ...words, ...data);
    expect([words, code, output]).toEqual([words, 1, expect.stringContaining(message)]);
    expect(output).not.toMatch(/\n\s+at /);
  };
  const added = async (...words: readonly string[]): Promise<string> => {
    const changes = (await done(...words))['changes'] as { record: string; after: { id: string } }[];
    return changes[0]?.after.id ?? '';
  };
  const items = async (path: string) =>
    ((await (await fleet.get(`/api/v1/${path}`)).json()) as { items: Record<string, unknown>[] }).items;
  const top = String((await items('organisations'))[0]?.['id']);
  const commune = (name: string, code: string) =>
    added('organisation', 'add', name, '--type', 'municipality', '--under', top, '--code', code);
  const registry = openRegistryStore(join(fleet.dataFolder, 'registry.db'), { newId });
  onTestFinished(() => registry.close());
  return { folder, fleet, data, done, refused, added, items, top, commune, registry };
};

test('sites and locations are added, changed, placed and removed beside the running service', async () => {
  const { folder, done, refused, added, items, commune, registry } = await openFleet();
  const brenne = await commune('Brenne', '36027');
  addGateway(registry, GATEWAY, brenne);
  const at = ['--city', 'Brenne', '--position', '46.71,1.15'];
  const station = await added('site', 'add', 'Station', '--organisation', '36027', ...at);
  expect(await items('sites')).toMatchObject([
    { id: station, name: 'Station', address: { city: 'Brenne' }, geometry: { coordinates: [1.15, 46.71] } },
  ]);
  await done('site', 'change', 'Station', '--name', 'Station 4');
  await done('site', 'place', GATEWAY, '--at', 'Station 4');
  expect(registry.record('gateway', GATEWAY)?.siteId).toBe(station);
  await refused('still refers to it', 'site', 'remove', 'Station 4');
  await done('site', 'place', GATEWAY);
  const prm = ['--prm', '25946599093143'];
  await done('location', 'add', 'inlet', 'Inlet', '--organisation', 'Brenne', '--site', station, ...prm);
  await done('location', 'change', '25946599093143', '--name', 'Heat inlet');
  expect(await items('locations')).toMatchObject([{ key: 'inlet', name: 'Heat inlet', siteId: station }]);
  await done('location', 'place', 'inlet');
  expect(await items('locations')).toMatchObject([{ key: 'inlet', siteId: null }]);
  const placed = await done('location', 'place', 'inlet', '--at', 'Station 4');
  expect(await items('locations')).toMatchObject([{ key: 'inlet', siteId: station }]);
  await done('organisation', 'undo', String(placed['id']));
  expect(await items('locations')).toMatchObject([{ key: 'inlet', siteId: null }]);
  const tried = await done('location', 'remove', 'inlet', '--dry-run');
  expect([tried['kind'], await items('locations')]).toMatchObject(['remove', [{ key: 'inlet' }]]);
  const removed = await done('location', 'remove', 'inlet');
  expect(await items('locations')).toEqual([]);
  await refused('There is no location inlet', 'location', 'place', 'inlet', '--at', 'Station 4');
  await done('organisation', 'undo', String(removed['id']));
  expect(await items('locations')).toMatchObject([{ key: 'inlet', name: 'Heat inlet' }]);
  const depot = await added('site', 'add', 'Depot', '--organisation', 'Brenne');
  await done('site', 'remove', depot);
  expect((await items('sites')).map(({ id }) => id)).toEqual([station]);

  await refused('There is no site Depot', 'site', 'remove', 'Depot');
  await refused('There is no organisation Nowhere', 'site', 'add', 'X', '--organisation', 'Nowhere');
  await refused('latitude,longitude', 'site', 'add', 'X', '--organisation', 'Brenne', '--position', '46');
  await refused('another location has', 'location', 'add', 'b', 'B', '--organisation', 'Brenne', ...prm);
  await refused('has a location inlet already', 'location', 'add', 'inlet', 'I', '--organisation', 'Brenne');
  await refused('fourteen digits', 'location', 'change', 'inlet', '--prm', '12');
  const elsewhere = await runProgram('fleet', 'site', 'list', '--data', join(folder, 'nothing'));
  expect([elsewhere.code, elsewhere.output]).toEqual([1, expect.stringContaining('There is no fleet in')]);
}, 600_000);

test('a meter is replaced where several are, named by what is written on it', async () => {
  const { done, refused, commune, items, registry } = await openFleet();
  addGateway(registry, GATEWAY, await commune('Brenne', '36027'));
  registry.resolve(GATEWAY, listing(), Date.now() - 3_600_000);
  const words = ['meter', 'replace', 'inlet', '--serial', 'new-1', '--last-index', 'water_volume=98765'];
  await refused('(Meter heat, serial old-heat)', ...words);
  await refused('No other meter', ...words, '--device', 'nobody');
  await refused('it counts: water_volume', ...words, '--device', 'old-heat', '--first-index', 'energy=1');
  await refused('not before', ...words, '--device', 'old-heat', '--at', '2999-01-01');
  await refused('There is no location cellar', 'meter', 'replace', 'cellar', '--serial', 'n');
  expect(registry.records('installation', { serial: 'new-1' })).toEqual([]);

  const plan = await done(...words, '--device', 'old-heat', '--dry-run');
  expect(plan).not.toHaveProperty('id');
  const act = await done(...words, '--device', 'old-heat', '--first-index', 'water_volume=12,5');
  expect(act).toMatchObject({ kind: 'replace-meter', undoneBy: null });
  const [gone] = registry.records('installation', { serial: 'old-heat' });
  expect(gone).toMatchObject({ lastIndex: { water_volume: 98_765 }, to: act['effective'] });
  const [comes] = registry.records('installation', { serial: 'new-1' });
  expect(comes).toMatchObject({ from: act['effective'], to: null, firstIndex: { water_volume: 12.5 } });
  expect(registry.records('installation', { serial: 'old-water', to: null })).toHaveLength(1);
  expect((await items('devices')).length).toBe(3);
  await done('organisation', 'undo', String(act['id']));
  expect(registry.records('installation', { serial: 'old-heat', to: null })).toHaveLength(1);
  await refused('taken back already', 'organisation', 'undo', String(act['id']));
}, 600_000);

test('organisations are split, united and given to; what cannot be is refused with its reason', async () => {
  const { done, refused, commune, items, top, registry } = await openFleet();
  const [brenne, cher] = [await commune('Brenne', '36027'), await commune('Cher', '36028')];
  addGateway(registry, GATEWAY, brenne);
  const terms = ['--from', '2026-01-01', '--past', 'readable'];
  const give = ['organisation', 'transfer', '--gateways', GATEWAY];
  const given = await done(...give, '--to', 'Cher', ...terms);
  expect(registry.record('gateway', GATEWAY)?.organisationId).toBe(cher);
  await done('organisation', 'undo', String(given['id']));
  await refused(
    'There is no gateway nobody',
    'organisation',
    'transfer',
    '--gateways',
    'nobody',
    '--to',
    'Cher',
    ...terms,
  );
  await refused('is no time such as', ...give, '--to', 'Cher', '--from', 'soon', '--past', 'readable');
  await refused("option '--past", ...give, '--to', 'Cher', '--from', '2026-01-01');

  const split = ['organisation', 'split', 'Brenne', '--ends', ...terms];
  await refused('it still holds', ...split, '--part', 'into=Cher');
  await refused('write "into=NAME', ...split, '--part', 'gateways=x');
  await refused('Give --into, or --part', ...split);
  const parted = await done(...split, '--part', `into=Cher gateways=${GATEWAY}`);
  expect(registry.record('organisation', brenne)?.endedAt).toBe(parted['effective']);
  await done('organisation', 'undo', String(parted['id']));

  const unite = ['organisation', 'unite', '36027', 'Cher', ...terms, '--into'];
  await refused('cannot be united with itself', ...unite, 'Cher');
  await refused('give --under too', ...unite, 'Val', '--code', '36027');
  const united = await done(...unite, 'Val-de-Brenne', '--under', top, '--code', '36027');
  expect(united).toMatchObject({ kind: 'unite' });
  const living = (await items('organisations')).filter(({ endedAt }) => endedAt === null);
  expect(living).toHaveLength(2);
  expect(living).toContainEqual(expect.objectContaining({ name: 'Val-de-Brenne', code: '36027' }));
  expect(registry.record('gateway', GATEWAY)?.organisationId).toBe(
    living.find(({ name }) => name === 'Val-de-Brenne')?.['id'],
  );
  expect((await items('audit?action=transfer-holdings')).length).toBeGreaterThan(3);
}, 600_000);

test('a person is erased with a receipt that anybody checks; who is not there, and the last owner, are not', async () => {
  const { folder, fleet, done, refused, items } = await openFleet();
  await done('user', 'add', 'zoe', '--role', 'viewer');
  const people = await items('people');
  const idOf = (login: string) => String(people.find((person) => person['login'] === login)?.['id']);
  const out = join(folder, 'receipt');
  const words = (id: string) => ['erase-person', id, '--reason', 'asked for', '--out', out];
  await refused('There is no person nobody', ...words('nobody'));
  await refused('owner', ...words(idOf(fleet.administrator.login)));
  expect(await done(...words(idOf('zoe')))).toMatchObject({ personId: idOf('zoe'), receipt: out });
  expect((await items('people')).map(({ login }) => login)).not.toContain('zoe');
  const root = join(fleet.dataFolder, 'authority', 'root.pem');
  const verified = await runProgram('fleet', 'verify', out, '--root', root);
  expect([verified.code, verified.output]).toEqual([0, expect.stringContaining(`person ${idOf('zoe')}`)]);
  await refused('exists', ...words('nobody'));
  expect(readFileSync(out).includes('zoe@')).toBe(false);
  rmSync(out);
}, 600_000);
