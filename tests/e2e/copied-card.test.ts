import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.js';
import { startFleet, type FleetUnderTest } from '../support/fleet-under-test.js';
import { startWeatherStation, writeConfiguration } from '../support/gateway-under-test.js';
import { runProgram, startProgram } from '../support/program.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const LONG_MS = 90_000;

interface Epoch {
  readonly epoch: string;
  readonly stored: number;
  readonly readings: number;
  readonly missing: readonly unknown[];
}

interface Status {
  readonly buffer: {
    readonly epoch: string;
    readonly unackedBatches: number;
    readonly unsealedRows: number;
    readonly quarantinedBatches: number;
    readonly setAside: { readonly path: string; readonly reason: string } | null;
    readonly storage: { readonly salvaging: number };
  };
}

const statusOf = async (configuration: string): Promise<Status['buffer'] | undefined> => {
  const { stdout, code } = await runProgram('agent', 'status', '--config', configuration, '--json');
  return code === 0 ? (JSON.parse(stdout) as Partial<Status>).buffer : undefined;
};

const itemsOf = async <Item>(fleet: FleetUnderTest, path: string): Promise<readonly Item[]> =>
  ((await (await fleet.get(path)).json()) as { items: Item[] }).items;

const epochsOf = async (fleet: FleetUnderTest, gatewayId: string): Promise<readonly Epoch[]> =>
  ((await (await fleet.get(`/api/v1/gateways/${gatewayId}/ledger`)).json()) as { epochs: Epoch[] }).epochs;

const storedOf = async (fleet: FleetUnderTest, gatewayId: string): Promise<number> =>
  (await epochsOf(fleet, gatewayId)).reduce((sum, { stored }) => sum + stored, 0);

test('an older image of a card, and a copy that is alive beside it: each goes on under an epoch of its own, alarmed, nothing overwritten', async () => {
  const folder = temporaryFolder();
  const fleet = await startFleet(folder);
  const configuration = writeConfiguration(folder, 'roof', await startWeatherStation());
  const data = join(folder, 'roof');
  const claim = ['--fleet', fleet.url, '--token', await fleet.token()];
  await runProgram('agent', 'enrol', '--config', configuration, ...claim);
  const { gatewayId } = JSON.parse(readFileSync(join(data, 'identity.json'), 'utf8')) as {
    gatewayId: string;
  };
  let agent = startProgram('agent', 'run', '--config', configuration);
  const stop = async (): Promise<void> => void (await agent.end('SIGTERM'));
  await eventually(async () => (await storedOf(fleet, gatewayId)) >= 2, LONG_MS);
  await stop();
  const image = join(folder, 'image');
  cpSync(data, image, { recursive: true });

  agent = startProgram('agent', 'run', '--config', configuration);
  const before = await storedOf(fleet, gatewayId);
  await eventually(async () => (await storedOf(fleet, gatewayId)) >= before + 4, LONG_MS);
  await stop();
  const [first] = await epochsOf(fleet, gatewayId);

  // the card of before is put back
  rmSync(data, { recursive: true });
  cpSync(image, data, { recursive: true });
  agent = startProgram('agent', 'run', '--config', configuration);
  await eventually(async () => (await statusOf(configuration))?.setAside != null, LONG_MS);
  const renewed = await statusOf(configuration);
  expect(renewed?.epoch).not.toBe(first?.epoch);
  expect(renewed?.setAside?.reason).toMatch(/went back to batch \d+.*older copy/);
  await eventually(async () => (await epochsOf(fleet, gatewayId)).length === 2, LONG_MS);

  // a copy of that card as it was comes to life in another box
  const copied = join(folder, 'copy.yaml');
  writeFileSync(copied, readFileSync(configuration, 'utf8').replace(data, join(folder, 'copy')));
  cpSync(image, join(folder, 'copy'), { recursive: true });
  const copy = startProgram('agent', 'run', '--config', copied);
  await eventually(async () => {
    const [one, other] = [await statusOf(configuration), await statusOf(copied)];
    const epochs = await epochsOf(fleet, gatewayId);
    return [one, other].every(
      (box) => box !== undefined && epochs.some(({ epoch, stored }) => epoch === box.epoch && stored >= 2),
    );
  }, LONG_MS);
  const alarms = new Set(['sequence-backwards', 'epoch-returned', 'new-epoch']);
  await eventually(async () => {
    const events = await itemsOf<{ kind: string }>(fleet, `/api/v1/gateways/${gatewayId}/events`);
    return [...alarms].every((kind) => events.some((event) => event.kind === kind));
  }, LONG_MS);
  await copy.end('SIGTERM');
  const epochs = await epochsOf(fleet, gatewayId);
  expect(epochs).toHaveLength(3);
  expect(epochs.find(({ epoch }) => epoch === first?.epoch)).toMatchObject({ readings: first?.readings });
  expect(epochs.flatMap(({ missing }) => missing)).toEqual([]);
  await eventually(async () => {
    const box = await statusOf(configuration);
    return box !== undefined && box.unackedBatches <= 2 && box.storage.salvaging === 0;
  }, LONG_MS);
  await stop();
}, 400_000);
