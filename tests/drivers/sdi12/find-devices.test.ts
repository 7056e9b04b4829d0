import { expect, test } from 'vitest';
import { loadCatalogue } from '../../../agent/twin/catalogue.js';
import { packagedCatalogue, packagedProfiles } from '../../../agent/twin/packaged.js';
import type { FindOptions } from '../../../drivers/finder.js';
import { loadProfile } from '../../../drivers/profile-file.js';
import { findSdi12Devices } from '../../../drivers/sdi12/find-devices.js';
import { startSimulator } from '../../../drivers/simulator/start-simulator.js';
import { always, busDeps } from '../../support/modbus.js';

const catalogue = loadCatalogue(packagedCatalogue);
const load = (id: string) => loadProfile([packagedProfiles], id, catalogue);
const profiles = ['meter/ctd-10', 'meter/teros-12', 'meter/teros-11', 'campbell/cs655'].map(load);

const optionsFor = (port: number, addresses: readonly string[]): FindOptions => ({
  target: { endpoint: { type: 'tcp', host: '127.0.0.1', port }, framing: 'sdi12', settled: true },
  profiles,
  addresses,
  force: false,
  listenMs: 50,
  lookMs: 60_000,
});

test('finds sensors by their addresses, what they are, and what they measure', async () => {
  const simulator = await startSimulator({
    listen: { host: '127.0.0.1', port: 0 },
    framing: 'sdi12',
    units: [
      { address: '1', profile: load('meter/teros-12'), seed: 1 },
      { address: 'b', profile: load('campbell/cs655'), seed: 2 },
    ],
    now: () => 0,
  });
  const told: string[] = [];
  const report = await findSdi12Devices(
    optionsFor(simulator.port, ['0', '1', 'b']),
    { ...busDeps, progress: ({ what }) => told.push(what) },
    always(),
  );
  await simulator.close();
  expect(report).toMatchObject({ complete: true, overheard: 0, doubtful: [] });
  expect(report.devices).toMatchObject([
    {
      address: '1',
      certain: true,
      says: 'METER TER12 100 SIM1',
      best: { profile: { id: 'meter/teros-12' } },
    },
    { address: 'b', certain: false, samples: [] },
  ]);
  expect(report.devices[0]?.samples.map(({ point }) => point)).toEqual([
    'water_content',
    'temperature',
    'conductivity',
  ]);
  expect(told.length).toBeGreaterThanOrEqual(4);
});

test('on a line without sensors finds none, and says so when it is stopped', async () => {
  const simulator = await startSimulator({
    listen: { host: '127.0.0.1', port: 0 },
    framing: 'sdi12',
    units: [{ address: '1', profile: load('meter/teros-12'), seed: 1 }],
    now: () => 0,
    faults: { silentUnits: ['1'] },
  });
  const deps = { ...busDeps, progress: () => {} };
  const report = await findSdi12Devices(optionsFor(simulator.port, ['0', '1']), deps, always());
  expect(report).toMatchObject({ devices: [], complete: true });
  const stopped = await findSdi12Devices(
    optionsFor(simulator.port, ['0']),
    deps,
    AbortSignal.abort(new Error('stopped')),
  );
  expect(stopped).toMatchObject({ devices: [], complete: false });
  await simulator.close();
});
