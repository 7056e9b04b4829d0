import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.js';
import { startFleet, type FleetUnderTest } from '../support/fleet-under-test.js';
import { startWeatherStation, writeConfiguration } from '../support/gateway-under-test.js';
import { runProgram, startProgram } from '../support/program.js';
import { latestOf } from '../support/series.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const LONG_MS = 60_000;

interface Ledger {
  readonly epochs: readonly {
    readonly addsUp: boolean;
    readonly sealed: number;
    readonly stored: number;
    readonly missing: readonly unknown[];
  }[];
}

const gatewayOf = async (fleet: FleetUnderTest): Promise<string> => {
  const { items } = (await (await fleet.get('/api/v1/gateways')).json()) as { items: { id: string }[] };
  return items[0]?.id ?? '';
};

const epochOf = async (fleet: FleetUnderTest) => {
  const answer = await fleet.get(`/api/v1/gateways/${await gatewayOf(fleet)}/ledger`);
  const { epochs = [] } = (await answer.json()) as Partial<Ledger>;
  return epochs[0];
};

const storedOf = async (fleet: FleetUnderTest): Promise<number> => (await epochOf(fleet))?.stored ?? 0;

/** Gives the station another number, and with it the gateway another directory. */
const renumber = (configuration: string, from: string, to: string): void => {
  const before = readFileSync(configuration, 'utf8');
  const after = before.replace(`serial: "${from}"`, `serial: "${to}"`);
  expect(after).not.toBe(before);
  writeFileSync(configuration, after);
};

test('a fleet restored from an older backup gets back what it lost, directories too; a recall brings a past period; the ledger adds up', async () => {
  const folder = temporaryFolder();
  const fleet = await startFleet(folder);
  const configuration = writeConfiguration(folder, 'roof', await startWeatherStation());
  const claim = ['--fleet', fleet.url, '--token', await fleet.token()];
  await runProgram('agent', 'enrol', '--config', configuration, ...claim);
  const from = new Date(Date.now() - 60_000).toISOString();
  let agent = startProgram('agent', 'run', '--config', configuration);
  await eventually(async () => (await storedOf(fleet)) >= 2, LONG_MS);

  const shownBefore = (await latestOf(fleet)).length;
  await fleet.program.end('SIGTERM');
  const backup = join(folder, 'backup');
  cpSync(fleet.dataFolder, backup, { recursive: true });
  await fleet.restart();
  // Of two directories that came after the backup, hello names the last; the other is named by batches alone.
  for (const [from, to] of [
    ['roof', 'second'],
    ['second', 'third'],
  ] as const) {
    await agent.end('SIGTERM');
    renumber(configuration, from, to);
    const stored = await storedOf(fleet);
    agent = startProgram('agent', 'run', '--config', configuration);
    await eventually(async () => (await storedOf(fleet)) >= stored + 2, LONG_MS);
  }
  const [lost, shown] = [await storedOf(fleet), (await latestOf(fleet)).length];
  expect(shown).toBe(3 * shownBefore);
  await fleet.program.end('SIGTERM');
  rmSync(fleet.dataFolder, { recursive: true });
  cpSync(backup, fleet.dataFolder, { recursive: true });
  await fleet.restart();
  await eventually(async () => {
    const epoch = await epochOf(fleet);
    return epoch !== undefined && epoch.stored > lost && epoch.missing.length === 0;
  }, LONG_MS);
  // what no directory describes is shown nowhere
  await eventually(async () => (await latestOf(fleet)).length === shown, LONG_MS);

  const gatewayId = await gatewayOf(fleet);
  const period = ['--from', from, '--to', new Date().toISOString(), '--data', fleet.dataFolder];
  expect((await runProgram('fleet', 'recall', gatewayId, ...period)).code).toBe(0);
  const commands = async () =>
    (await (await fleet.get(`/api/v1/gateways/${gatewayId}/commands`)).json()) as {
      items: { result: { outcome: string; detail: string } | null }[];
    };
  await eventually(async () => (await commands()).items[0]?.result?.outcome === 'done', LONG_MS);
  expect((await commands()).items[0]?.result?.detail).toMatch(/^[1-9]\d* batches/);

  await agent.end('SIGTERM');
  await eventually(async () => {
    const { stdout, code } = await runProgram('fleet', 'ledger', '--data', fleet.dataFolder);
    return code === 0 && stdout.includes('adds up to the last reading');
  }, LONG_MS);
}, 300_000);
