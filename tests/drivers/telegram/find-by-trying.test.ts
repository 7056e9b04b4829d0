import { expect, onTestFinished, test } from 'vitest';
import { loadCatalogue } from '../../../agent/twin/catalogue.js';
import { packagedCatalogue, packagedProfiles } from '../../../agent/twin/packaged.js';
import { findDavisDevices } from '../../../drivers/davis/find-devices.js';
import type { Finder } from '../../../drivers/finder.js';
import { findLineDevices } from '../../../drivers/line/find-devices.js';
import { loadProfile } from '../../../drivers/profile-file.js';
import { startSimulator } from '../../../drivers/simulator/start-simulator.js';
import { always, busDeps } from '../../support/modbus.js';

const catalogue = loadCatalogue(packagedCatalogue);
const load = (id: string) => loadProfile([packagedProfiles], id, catalogue);

const find = async (
  finder: Finder,
  framing: string,
  { id, address }: { readonly id: string; readonly address: string },
  profiles: readonly string[],
) => {
  const simulator = await startSimulator({
    listen: { host: '127.0.0.1', port: 0 },
    framing,
    units: [{ address, profile: load(id), seed: 1 }],
    now: () => Date.UTC(2026, 5, 15, 10),
  });
  onTestFinished(() => simulator.close());
  return finder(
    {
      target: { endpoint: { type: 'tcp', host: '127.0.0.1', port: simulator.port }, framing, settled: true },
      profiles: profiles.map(load),
      addresses: [''],
      force: false,
      listenMs: 50,
      lookMs: 60_000,
    },
    { ...busDeps, progress: () => {} },
    always(),
  );
};

test('a weather console is found by waking it', async () => {
  const report = await find(findDavisDevices, 'loop', { id: 'davis/vantage-pro2', address: '' }, [
    'davis/vantage-pro2',
  ]);
  expect(report).toMatchObject({ complete: true, devices: [{ address: '', certain: true }] });
  expect(report.devices[0]?.best?.profile.id).toBe('davis/vantage-pro2');
});

test('an instrument is found by the pattern that its lines fit, among those that they do not', async () => {
  const report = await find(findLineDevices, 'text', { id: 'mettler-toledo/mt-sics', address: '' }, [
    'vaisala/ptu300-ascii',
    'mettler-toledo/mt-sics',
  ]);
  expect(report.complete).toBe(true);
  expect(report.devices.map(({ address, best, certain }) => [address, best?.profile.id, certain])).toEqual([
    ['', 'mettler-toledo/mt-sics', true],
  ]);
});
