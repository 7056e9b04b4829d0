import { createServer, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { packagedProfiles } from '../../../agent/twin/packaged.js';
import type { FindOptions, FindReport } from '../../../drivers/finder.js';
import { findMbusDevices } from '../../../drivers/mbus/find-devices.js';
import { createMbusServer } from '../../../drivers/mbus/simulator/mbus-server.js';
import type { Profile } from '../../../drivers/profile.js';
import { loadProfile } from '../../../drivers/profile-file.js';
import { NO_FAULTS } from '../../../drivers/simulator/faults.js';
import { createPointValues } from '../../../drivers/simulator/point-values.js';
import { createMemoryLine } from '../../support/memory-line.js';
import { always, busDeps } from '../../support/modbus.js';
import { JumpingClock } from '../../support/paced-line.js';
import { heatMeter, simulate } from './support.js';

const PROFILES = ['kamstrup/multical-601', 'kamstrup/multical-302', 'itron/cyble', 'elvaco/cma10'].map((id) =>
  loadProfile([packagedProfiles], id),
);

const optionsFor = (port: number): FindOptions => ({
  target: { endpoint: { type: 'tcp', host: '127.0.0.1', port }, framing: 'mbus', settled: true },
  profiles: PROFILES,
  force: false,
  listenMs: 100,
  lookMs: 60_000,
});

const find = (port: number, parts: Partial<FindOptions> = {}): Promise<FindReport> =>
  findMbusDevices({ ...optionsFor(port), ...parts }, { ...busDeps, progress: () => {} }, always());

it('finds one device by its first selection, and its model by what it says of itself', async () => {
  const [multical] = PROFILES;
  const report = await find(await simulate({ '06855817.KAM.08.04': multical ?? heatMeter() }), {
    lookMs: 5000,
  });
  expect(report.devices.map(({ address, best, certain }) => [address, best?.profile.id, certain])).toEqual([
    ['06855817.KAM.08.04', 'kamstrup/multical-601', true],
  ]);
  const [device] = report.devices;
  expect(device?.samples.find(({ point }) => point === 'energy')?.value).toBeGreaterThan(0);
});

/** Years after their counters began, so that no two devices send the same: of such, one frame is all that is heard. */
const NOW = Date.UTC(2026, 5, 15, 12);

/** What a search of a line with these devices finds; time jumps. */
const search = (addressed: readonly (readonly [string, Profile])[]): Promise<FindReport> => {
  const devices = addressed.map(([address, profile], seed) => ({
    address,
    profile,
    values: createPointValues(seed),
  }));
  const clock = new JumpingClock();
  const serve = createMbusServer({ framing: 'mbus', devices, faults: NO_FAULTS, now: () => NOW });
  const openChannel = async () => {
    const [ours, theirs] = createMemoryLine();
    serve(theirs);
    return ours;
  };
  const deps = { openChannel, now: () => clock.now(), delay: clock.delay, progress: () => {} };
  return clock.runUntil(findMbusDevices(optionsFor(1), deps, always()));
};

it('tells devices of one identification by their media, as the inputs of an adapter are', async () => {
  const [, , water] = PROFILES;
  const report = await search([
    ['13900000', heatMeter()],
    ['13900000.*.*.07', water ?? heatMeter()],
  ]);
  expect(report.devices.map(({ address }) => address)).toEqual(['13900000.TER.01.04', '13900000.ACW.14.07']);
  expect(report.doubtful).toEqual([]);
});

it('narrows collisions down to each device, by the fabrication number where the identification is the same', async () => {
  const profile = heatMeter();
  const addresses = ['12000000', '13000000', '13900000/11111111', '13900000/21111111'];
  const report = await search(addresses.map((address) => [address, profile]));
  expect(report.devices.map(({ address }) => address)).toEqual([
    '12000000.TER.01.04',
    '13000000.TER.01.04',
    '13900000.TER.01.04/1FFFFFFF',
    '13900000.TER.01.04/2FFFFFFF',
  ]);
  expect(report.complete).toBe(true);
});

it('asks the primary addresses that it is given', async () => {
  const profile = heatMeter();
  const report = await find(await simulate({ 3: profile, 9: profile }), { addresses: ['2', '3'] });
  expect(report.devices.map(({ address }) => address)).toEqual(['3']);
  expect(report.complete).toBe(true);
});

it('refuses a line on which somebody speaks', async () => {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.write('noise');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await expect(find(port, { listenMs: 2000 })).rejects.toMatchObject({ name: 'FinderError', code: 'busy' });
});
