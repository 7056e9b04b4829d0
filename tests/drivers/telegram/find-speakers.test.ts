import { afterEach, expect, test } from 'vitest';
import { packagedProfiles } from '../../../agent/twin/packaged.js';
import type { Endpoint } from '../../../drivers/driver.js';
import type { Finder, FindOptions } from '../../../drivers/finder.js';
import { FINDERS } from '../../../drivers/finders.js';
import { listProfiles, loadProfile } from '../../../drivers/profile-file.js';
import { startSimulator } from '../../../drivers/simulator/start-simulator.js';
import { always, busDeps } from '../../support/modbus.js';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

const all = listProfiles([packagedProfiles]).map((id) => loadProfile([packagedProfiles], id));

const LISTEN_MS = 5000;

const look = async (profile: string, address: string) => {
  const loaded = loadProfile([packagedProfiles], profile);
  const { protocol } = loaded;
  const simulator = await startSimulator({
    listen: { host: '127.0.0.1', port: 0 },
    framing: '',
    units: [{ address, profile: loaded, seed: 4 }],
    now: () => Date.UTC(2026, 0, 15, 10),
  });
  open.push(simulator);
  const find: Finder | undefined = FINDERS.get(protocol);
  const endpoint: Endpoint = { type: 'tcp', host: '127.0.0.1', port: simulator.port };
  const options: FindOptions = {
    target: { endpoint, framing: '', settled: false },
    profiles: all.filter((each) => each.protocol === protocol),
    force: false,
    listenMs: LISTEN_MS,
    lookMs: 60_000,
  };
  return find?.(options, { ...busDeps, progress: () => {} }, always());
};

const SPEAKERS = [
  ['enedis/linky-standard-three-phase', '041876097767'],
  ['enedis/linky-standard-single-phase', '041876097767'],
  ['nmea/gnss-receiver', 'GN'],
  ['airmar/weatherstation-wx', 'WI'],
] as const;

test('devices that speak unasked are found and recognised', async () => {
  const reports = await Promise.all(SPEAKERS.map(([profile, address]) => look(profile, address)));
  const found = reports.map((report) =>
    report?.devices.map((device) => [device.best?.profile.id, device.address, device.certain]),
  );
  expect(found).toEqual(SPEAKERS.map(([profile, address]) => [[profile, address, true]]));
  for (const report of reports)
    expect(report?.devices[0]?.samples.every(({ value }) => value !== null)).toBe(true);
});
