import { expect, test } from 'vitest';
import { loadCatalogue } from '../../../agent/twin/catalogue.js';
import { packagedCatalogue, packagedProfiles } from '../../../agent/twin/packaged.js';
import { loadProfile } from '../../../drivers/profile-file.js';
import { startSimulator } from '../../../drivers/simulator/start-simulator.js';
import { findUartDevices } from '../../../drivers/uart/find-devices.js';
import { always, busDeps } from '../../support/modbus.js';

const catalogue = loadCatalogue(packagedCatalogue);
const load = (id: string) => loadProfile([packagedProfiles], id, catalogue);

test('finds a sensor that speaks by itself behind the kinds that are tried before its own', async () => {
  const simulator = await startSimulator({
    listen: { host: '127.0.0.1', port: 0 },
    framing: 'uart',
    units: [{ address: '', profile: load('plantower/pms5003'), seed: 1 }],
    now: () => 0,
  });
  const report = await findUartDevices(
    {
      target: {
        endpoint: { type: 'tcp', host: '127.0.0.1', port: simulator.port },
        framing: 'uart',
        settled: true,
      },
      profiles: ['nova/sds011', 'plantower/pms5003'].map(load),
      force: false,
      listenMs: 50,
      lookMs: 25_000,
    },
    { ...busDeps, progress: () => {} },
    always(),
  );
  await simulator.close();
  expect(report.devices).toMatchObject([{ best: { profile: { id: 'plantower/pms5003' } } }]);
}, 40_000);

test('finds a sensor by the kind of frame that comes, and the models that send such', async () => {
  const simulator = await startSimulator({
    listen: { host: '127.0.0.1', port: 0 },
    framing: 'uart',
    units: [{ address: '', profile: load('plantower/pms7003'), seed: 1 }],
    now: () => 0,
  });
  const report = await findUartDevices(
    {
      target: {
        endpoint: { type: 'tcp', host: '127.0.0.1', port: simulator.port },
        framing: 'uart',
        settled: true,
      },
      profiles: ['plantower/pms5003', 'plantower/pms7003', 'winsen/mh-z19b'].map(load),
      force: false,
      listenMs: 50,
      lookMs: 60_000,
    },
    { ...busDeps, progress: () => {} },
    always(),
  );
  await simulator.close();
  expect(report.complete).toBe(true);
  expect(report.devices).toMatchObject([
    { address: '', certain: false, best: { profile: { id: 'plantower/pms5003' }, fitting: 3, against: 0 } },
  ]);
  expect(report.devices[0]?.rivals.map(({ profile }) => profile.id)).toEqual(['plantower/pms7003']);
});
