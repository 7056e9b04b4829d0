import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Directory, DirectoryDevice, DirectoryPoint } from '../../../agent/wire/directory.js';
import { newId } from '../../../fleet/registry/new-id.js';
import type { RegistryStore } from '../../../fleet/store/registry-store.js';
import { openRegistryStore } from '../../../fleet/store/sqlite/registry-store.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const GATEWAY = 'gateway000000000001';

const openWithGateway = (): RegistryStore => {
  const store = openRegistryStore(join(temporaryFolder(), 'registry.db'), { newId });
  store.addOrganisation({
    id: 'org',
    parentId: null,
    name: 'Commune',
    type: 'municipality',
    code: null,
    timeZone: 'Europe/Paris',
  });
  store.addEnrolmentToken({ id: 't', secretHash: 'h', organisationId: 'org', createdBy: 'p', expires: 1 });
  store.claim(
    'h',
    { gatewayId: GATEWAY, at: 1, csrHash: 'c' },
    {
      id: GATEWAY,
      organisationId: 'org',
      name: 'Armoire',
      createdAt: 1,
      connected: false,
      lastSeen: null,
      epoch: null,
      agentVersion: null,
      clockState: null,
      lastError: null,
      health: null,
    },
    { thumbprint: 'x', gatewayId: GATEWAY, pem: '', notBefore: 0, notAfter: 1 },
  );
  return store;
};

const device = (parts: Partial<DirectoryDevice> = {}): DirectoryDevice => ({
  key: 'meter',
  name: 'Meter',
  protocol: 'modbus',
  bus: 'hall',
  address: '1',
  maker: 'Eastron',
  model: 'SDM630',
  profileHash: '00',
  installation: { serial: 'A1', location: 'hall' },
  ...parts,
});

const point = (parts: Partial<DirectoryPoint> = {}): DirectoryPoint => ({
  number: 1,
  device: 'meter',
  key: 'power',
  name: 'Power',
  kind: 'gauge',
  valueType: 'float',
  property: 'active_power',
  unit: 'W',
  intervalMs: 10_000,
  maxHoldMs: 60_000,
  windows: [],
  scale: 1,
  offset: 0,
  tests: {},
  ...parts,
});

const directory = (devices: DirectoryDevice[], points: DirectoryPoint[]): Directory => ({
  configuration: '00',
  devices,
  points,
});

describe('resolving a directory', () => {
  test('gives the same points the same identity, however often it comes', () => {
    const store = openWithGateway();
    const first = store.resolve(GATEWAY, directory([device()], [point()]), 100);
    const again = store.resolve(
      GATEWAY,
      directory([device({ name: 'Renamed' })], [point({ number: 9 })]),
      200,
    );
    expect(again.get(9)).toEqual(first.get(1));
    expect(first.get(1)?.timeZone).toBe('Europe/Paris');
    store.close();
  });

  test('another serial number at the same place is another device with points of its own', () => {
    const store = openWithGateway();
    const old = store.resolve(GATEWAY, directory([device()], [point()]), 100).get(1);
    const replaced = device({ installation: { serial: 'B2', location: 'hall' } });
    const next = store.resolve(GATEWAY, directory([replaced], [point()]), 200).get(1);
    expect(next?.id).not.toBe(old?.id);
    expect(store.resolve(GATEWAY, directory([replaced], [point()]), 300).get(1)).toEqual(next);
    store.close();
  });

  test('a new unit makes a new point, since values of two units never share a series', () => {
    const store = openWithGateway();
    const watts = store.resolve(GATEWAY, directory([device()], [point()]), 100).get(1);
    const kilowatts = store.resolve(GATEWAY, directory([device()], [point({ unit: 'kW' })]), 200).get(1);
    expect(kilowatts?.number).not.toBe(watts?.number);
    store.close();
  });

  test('a directory that comes back after another finds its own device and points again', () => {
    const store = openWithGateway();
    const first = directory([device()], [point()]);
    const second = directory(
      [device({ installation: { serial: 'B2', location: 'hall' } })],
      [point({ unit: 'kW' })],
    );
    const third = directory([device()], [point({ unit: 'kW' })]);
    const was = [first, second, third].map((one, index) => store.resolve(GATEWAY, one, index).get(1)?.id);
    const is = [first, second, third].map((one, index) => store.resolve(GATEWAY, one, 10 + index).get(1)?.id);
    expect(new Set(was).size).toBe(3);
    expect(is).toEqual(was);
    store.close();
  });

  test('a claim token works once', () => {
    const store = openWithGateway();
    const gateway = store.gateway(GATEWAY);
    if (gateway === undefined) throw new Error('the gateway is there');
    const use = { gatewayId: 'gateway000000000002', at: 2, csrHash: 'd' };
    const certificate = { thumbprint: 'y', gatewayId: use.gatewayId, pem: '', notBefore: 0, notAfter: 1 };
    expect(store.claim('h', use, { ...gateway, id: use.gatewayId }, certificate)).toBe(false);
    expect(store.gateways()).toHaveLength(1);
    store.close();
  });
});
