import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.js';
import { startFleet } from '../support/fleet-under-test.js';
import { startWeatherStation, writeConfiguration } from '../support/gateway-under-test.js';
import { runProgram, startProgram } from '../support/program.js';
import { faultsOf, latestOf, readingsOf } from '../support/series.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const INTERVAL_MS = 1000;

const enrolledGateway = async (folder: string) => {
  const fleet = await startFleet(folder);
  const configuration = writeConfiguration(folder, 'roof', await startWeatherStation());
  const enrolment = await runProgram(
    'agent',
    'enrol',
    '--config',
    configuration,
    '--fleet',
    fleet.url,
    '--token',
    await fleet.token(),
  );
  expect(enrolment.output).toMatch(/enrolled/i);
  expect(enrolment.code).toBe(0);
  return { fleet, configuration };
};

const temperature = async (fleet: Awaited<ReturnType<typeof startFleet>>): Promise<string> => {
  await eventually(async () => (await latestOf(fleet)).length > 0, 30_000);
  const id = (await latestOf(fleet)).find(({ key }) => key === 'air_temperature')?.id;
  if (id === undefined) throw new Error('the station has a temperature');
  return id;
};

describe('from a register to a reading that someone can query', { timeout: 120_000 }, () => {
  test('values, windows, ledger and inventory arrive through mutual TLS', async () => {
    const { fleet, configuration } = await enrolledGateway(temporaryFolder());
    const agent = startProgram('agent', 'run', '--config', configuration);
    const point = await temperature(fleet);
    await eventually(async () => (await readingsOf(fleet, point)).length >= 5, 30_000);
    expect(faultsOf(await readingsOf(fleet, point), INTERVAL_MS)).toEqual([]);

    const gateways = (await (await fleet.get('/api/v1/gateways')).json()) as {
      items: { id: string; state: string; name: string; holes: number }[];
    };
    expect(gateways.items).toMatchObject([{ state: 'connected', name: 'roof', holes: 0 }]);
    const detail = (await (await fleet.get(`/api/v1/gateways/${gateways.items[0]?.id}`)).json()) as {
      ledger: { stored: number; duplicates: number; missing: unknown[] }[];
    };
    expect(detail.ledger[0]?.stored).toBeGreaterThan(0);
    expect(detail.ledger[0]?.missing).toEqual([]);
    const locations = (await (await fleet.get('/api/v1/locations')).json()) as { items: { name: string }[] };
    expect(locations.items).toMatchObject([{ name: 'Toit' }]);

    const status = await runProgram('agent', 'status', '--config', configuration, '--json');
    expect(status.code).toBe(0);
    expect(JSON.parse(status.stdout)).toMatchObject({ uplink: { state: 'connected' } });
    expect(await agent.end('SIGTERM')).toBe(0);
    expect((await runProgram('agent', 'status', '--config', configuration)).code).toBe(3);
  });

  test('a fleet killed and started again leaves no hole and no double', async () => {
    const { fleet, configuration } = await enrolledGateway(temporaryFolder());
    startProgram('agent', 'run', '--config', configuration);
    const point = await temperature(fleet);
    await fleet.program.end('SIGKILL');
    const killedAt = Date.now();
    // as long as the outage must last for readings to pile up
    await eventually(() => Date.now() - killedAt > 6 * INTERVAL_MS, 10_000);
    await fleet.restart();
    const restartedAt = Date.now();
    await eventually(async () => {
      const last = (await readingsOf(fleet, point)).at(-1);
      return last !== undefined && Date.parse(last.time) > restartedAt;
    }, 60_000);
    await eventually(async () => faultsOf(await readingsOf(fleet, point), INTERVAL_MS).length === 0, 30_000);
  });

  test('an agent killed and started again goes on in the same epoch, and what it had stored arrives', async () => {
    const { fleet, configuration } = await enrolledGateway(temporaryFolder());
    const agent = startProgram('agent', 'run', '--config', configuration);
    const point = await temperature(fleet);
    await agent.end('SIGKILL');
    const before = await readingsOf(fleet, point);
    startProgram('agent', 'run', '--config', configuration);
    const restartedAt = Date.now();
    await eventually(async () => {
      const last = (await readingsOf(fleet, point)).at(-1);
      return last !== undefined && Date.parse(last.time) > restartedAt;
    }, 60_000);
    const after = await readingsOf(fleet, point);
    expect(new Set(after.map(({ epoch }) => epoch)).size).toBe(1);
    expect(after.slice(0, before.length)).toEqual(before);
    expect(new Set(after.map(({ ordinal }) => ordinal)).size).toBe(after.length);
  });

  test('a gateway measures before it is enrolled, and its claim waits for the fleet', async () => {
    const folder = temporaryFolder();
    const fleet = await startFleet(folder);
    const token = await fleet.token();
    await fleet.program.end('SIGTERM');
    const configuration = writeConfiguration(folder, 'roof', await startWeatherStation());
    const startedAt = Date.now();
    const parameters = ['--config', configuration, '--fleet', fleet.url, '--token', token];
    expect((await runProgram('agent', 'enrol', ...parameters)).code).toBe(4);
    startProgram('agent', 'run', '--config', configuration);
    await eventually(() => existsSync(join(folder, 'roof', 'agent.sock')), 20_000);
    await fleet.restart();
    const point = await temperature(fleet);
    await eventually(async () => (await readingsOf(fleet, point)).length > 3, 30_000);
    const [first] = await readingsOf(fleet, point);
    expect(Date.parse(first?.time ?? '')).toBeGreaterThanOrEqual(startedAt);
  });

  test('a captured batch is printed and verified, and one changed byte is found', async () => {
    const folder = temporaryFolder();
    const { fleet, configuration } = await enrolledGateway(folder);
    startProgram('agent', 'run', '--config', configuration);
    await temperature(fleet);
    const captured = join(folder, 'batch.bin');
    const data = ['--data', fleet.dataFolder];
    const inspected = await runProgram('fleet', 'inspect', '--position', '2', ...data, '--save', captured);
    expect(inspected.output).toMatch(/signature, body and hash tree hold/);
    expect(inspected.code).toBe(0);
    expect((await runProgram('fleet', 'inspect', captured, ...data)).code).toBe(0);
    const bytes = readFileSync(captured);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    writeFileSync(captured, bytes);
    const changed = await runProgram('fleet', 'inspect', captured, ...data);
    expect(changed.output).toMatch(/DOES NOT HOLD/);
    expect(changed.code).toBe(1);
  });

  test('a service whose projector had to give way ends, so that it can be started again', async () => {
    const { fleet, configuration } = await enrolledGateway(temporaryFolder());
    startProgram('agent', 'run', '--config', configuration);
    await temperature(fleet);
    expect((await runProgram('fleet', 'rebuild', '--data', fleet.dataFolder)).code).toBe(0);
    expect(await fleet.program.ended()).toBe(1);
    expect(fleet.program.output()).toMatch(/cannot go on/);
    await fleet.restart();
    expect((await fleet.get('/api/v1/health')).status).toBe(200);
  });

  test('views made again from the log are the same', async () => {
    const { fleet, configuration } = await enrolledGateway(temporaryFolder());
    const agent = startProgram('agent', 'run', '--config', configuration);
    const point = await temperature(fleet);
    await eventually(async () => (await readingsOf(fleet, point)).length >= 3, 30_000);
    await agent.end('SIGTERM');
    const settled = await readingsOf(fleet, point);
    await fleet.program.end('SIGTERM');
    expect((await runProgram('fleet', 'rebuild', '--data', fleet.dataFolder)).code).toBe(0);
    await fleet.restart();
    const rebuilt = await readingsOf(fleet, point);
    expect(rebuilt.slice(0, settled.length)).toEqual(settled);
  });
});
