import { writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { bufferFile } from '../../../agent/local/data-folder.js';
import { parseStatusReport, type StatusReport } from '../../../agent/local/status-report.js';
import { askStatus } from '../../../agent/local/status-socket.js';
import { packagedProfiles } from '../../../agent/twin/packaged.js';
import { loadProfile } from '../../../drivers/profile-file.js';
import { startSimulator, type Simulator } from '../../../drivers/simulator/start-simulator.js';
import { built } from '../../support/built.js';
import { eventually } from '../../support/eventually.js';
import { runProgram, startProgram } from '../../support/program.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

/** Starts an agent on this configuration; gives the ways to look at it. */
const runAgent = async (configuration: string) => {
  built('agent/main.js', ['agent', 'drivers']);
  const folder = temporaryFolder();
  const data = join(folder, 'data');
  const file = join(folder, 'gateway.yaml');
  writeFileSync(file, `gateway: { name: Crossing }\ndata: ${data}\n${configuration}`);
  const running = startProgram('agent', 'run', '--config', file);
  await running.printed(/"started"/);
  const status = async (): Promise<StatusReport> => parseStatusReport((await askStatus(data)) ?? '', data);
  const read = async (device: string) => {
    const { code, stdout, output } = await runProgram(
      'agent',
      'read',
      '--config',
      file,
      '--device',
      device,
      '--json',
    );
    if (stdout === '') throw new Error(output);
    const rows: unknown = JSON.parse(stdout);
    return { code, rows: Array.isArray(rows) ? rows : [] };
  };
  const table = (device: string) => runProgram('agent', 'read', '--config', file, '--device', device);
  return { data, running, status, read, table };
};

/** Every value of a point that the agent stored, by the order in which it came. */
const stored = (data: string, point: string): readonly unknown[] => {
  const file = new Sqlite(bufferFile(data), { readonly: true });
  onTestFinished(() => void file.close());
  return file
    .prepare(
      `SELECT value FROM reading JOIN point ON point.number = reading.point
       WHERE key = ? AND value IS NOT NULL ORDER BY ordinal`,
    )
    .pluck()
    .all(point);
};

/** A radar at the kerb that says a line for each vehicle. */
const startRadar = async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => {});
    sockets.push(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    heard: () => sockets.length > 0,
    vehicle: (speed: number) =>
      sockets.forEach((socket) => socket.write(`+${String(speed).padStart(3, '0')} km/h\r\n`)),
  };
};

test('a technician who reads a traffic counter takes no vehicle from it', { timeout: 120_000 }, async () => {
  const radar = await startRadar();
  const { data, running, status, read } = await runAgent(`buses:
  kerb: { protocol: line, tcp: "127.0.0.1:${radar.port}", timeout: 1s }
devices:
  radar: { bus: kerb, profile: icoms/tma-296, interval: 2s }
`);
  const seen = async () =>
    (await status()).latest.find(({ point, value }) => point === 'vehicle_speed' && value !== null)?.value;
  await eventually(() => radar.heard(), 20_000);
  let speed = 0;
  const pass = (): void => radar.vehicle(++speed);
  const traffic = setInterval(pass, 40);
  onTestFinished(() => clearInterval(traffic));
  await eventually(async () => (await seen()) !== undefined, 20_000);
  const reads = [await read('radar'), await read('radar'), await read('radar')];
  clearInterval(traffic);
  await eventually(async () => (await seen()) === speed, 20_000);
  expect(await running.end('SIGTERM')).toBe(0);

  const shown = reads.flatMap(({ rows }) => rows).filter(({ point }) => point === 'vehicle_speed');
  expect(shown.length).toBeGreaterThan(0);
  const speeds = stored(data, 'radar/vehicle_speed').map(Number);
  const [first = 0] = speeds;
  expect(first).toBeGreaterThan(0);
  expect(speeds).toEqual(Array.from({ length: speed - first + 1 }, (_, i) => first + i));
  expect(stored(data, 'radar/vehicles')).toEqual(speeds.map(() => 1));
});

const serve = (port: number, addresses: readonly string[]): Promise<Simulator> => {
  const profile = loadProfile([packagedProfiles], 'terroir/water-meter');
  const units = addresses.map((address) => ({ address, profile, seed: 1, values: () => 5 }));
  return startSimulator({ listen: { host: '127.0.0.1', port }, framing: 'rtu', units, now: Date.now });
};

test(
  'a device that was left alone is polled again once it answers a technician',
  { timeout: 120_000 },
  async () => {
    const one = await serve(0, ['3']);
    const { running, status, read, table } = await runAgent(`buses:
  field: { rtu-over-tcp: "127.0.0.1:${one.port}", timeout: 1200ms, lateness: 1200ms }
devices:
  well: { bus: field, address: 3, profile: terroir/water-meter, interval: 5s }
  cold:
    bus: field
    address: 9
    interval: 1s
    points:
      index: { address: 0, type: uint16, scale: 0.001, unit: m, property: water_level }
`);
    const breaker = async () =>
      (await status()).buses.flatMap(({ units }) => units).find(({ device }) => device === 'cold')?.breaker;
    await eventually(async () => (await breaker()) === 'open', 60_000);
    await one.close();
    const both = await serve(one.port, ['3', '9']);
    onTestFinished(() => both.close());
    const { code, rows } = await read('cold');
    expect(code).toBe(0);
    expect(rows).toContainEqual(expect.objectContaining({ point: 'index', value: 5, notBefore: null }));
    expect(await breaker()).toBe('closed');
    expect(running.output()).toContain('"device-answers"');
    const at = Math.max(...rows.map(({ time }) => Number(time)));
    const later = async () =>
      (await status()).latest.some(
        ({ device, value, time }) => device === 'cold' && value === 5 && time > at + 500,
      );
    await eventually(later, 20_000);
    // The meter's battery bears a poll every 5 s, and those are the agent's.
    const spared =
      /well: .*: last read at [\d:]{8} UTC; it may be read again at [\d:]{8} UTC \(minInterval\)/;
    await eventually(async () => spared.test((await table('well')).stdout), 20_000);
    expect(await running.end('SIGTERM')).toBe(0);
  },
);
