import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import type { Profile } from '../../drivers/profile.js';
import { startSimulator } from '../../drivers/simulator/start-simulator.js';
import { openFleetClient, waitForHealth } from '../../fleet/demonstration/fleet-client.js';
import { freePort } from '../../fleet/demonstration/ports.js';
import { cpuTicks, statusKb, TICKS_PER_SECOND } from './process-figures.js';

const UNITS = 10;
const POINTS_EACH = 100;
const WARM_UP_MS = 20_000;
const MEASURED_MS = 60_000;
const SAMPLE_MS = 500;

const AGENT = fileURLToPath(new URL('../../terroir-agent/main.js', import.meta.url));
const FLEET = fileURLToPath(new URL('../../fleet/main.js', import.meta.url));

/**
 * `terroir-agent run` in a process of its own: 1,000 points polled each second over Modbus TCP, windows made,
 * batches sealed, signed and sent to a running fleet. After 20 s of warm-up, over 60 s: `rssMb` the highest
 * resident size (MB), `cpuPercent` of one core, `storageBytesPerReading` what the agent handed to the disk.
 */
export const run = async (): Promise<Record<string, number>> => {
  const folder = mkdtempSync(join(tmpdir(), 'terroir-bench-'));
  const children: ChildProcess[] = [];
  const simulator = await startSimulator({
    listen: { host: '127.0.0.1', port: 0 },
    framing: 'tcp',
    units: Array.from({ length: UNITS }, (_, index) => ({
      address: String(index + 1),
      profile: benchProfile(),
      seed: index,
    })),
    now: Date.now,
  });
  const start = (program: string, ...parameters: string[]): ChildProcess => {
    const child = spawn(process.execPath, [program, ...parameters], { stdio: 'ignore' });
    children.push(child);
    return child;
  };
  try {
    const config = writeConfiguration(folder, simulator.port);
    await enrol(folder, config, start);
    const agent = start(AGENT, 'run', '--config', config);
    if (agent.pid === undefined) throw new Error('the agent did not start');
    await delay(WARM_UP_MS);
    return await measure(agent.pid, config);
  } finally {
    for (const child of children) child.kill('SIGKILL');
    await simulator.close();
    rmSync(folder, { recursive: true, force: true });
  }
};

const benchProfile = (): Profile => ({
  id: 'bench/hundred',
  maker: 'Bench',
  model: 'Hundred',
  protocol: 'modbus',
  source: { document: 'none', synthetic: true },
  maxRegisters: 125,
  minIntervalMs: 100,
  defaultIntervalMs: 1000,
  hash: '00',
  points: Array.from({ length: POINTS_EACH }, (_, index) => ({
    key: `t${index}`,
    name: `T ${index}`,
    kind: 'gauge',
    property: 'air_temperature',
    unit: 'Cel',
    valueType: 'float',
    scale: 0.1,
    offset: 0,
    vectors: [],
    register: { table: 'holding', address: index, type: 'int16', order: 'AB', length: 1, sentinels: [] },
  })),
});

const writeConfiguration = (folder: string, port: number): string => {
  const points = Object.fromEntries(
    Array.from({ length: POINTS_EACH }, (_, index) => [
      `t${index}`,
      {
        table: 'holding',
        address: index,
        type: 'int16',
        scale: 0.1,
        unit: 'Cel',
        property: 'air_temperature',
      },
    ]),
  );
  const device = (unit: number) => [`unit-${unit}`, { bus: 'line', address: unit, interval: '1s', points }];
  const path = join(folder, 'agent.yaml');
  const document = {
    gateway: { name: 'bench' },
    data: join(folder, 'agent'),
    buses: { line: { tcp: `127.0.0.1:${port}` } },
    devices: Object.fromEntries(Array.from({ length: UNITS }, (_, index) => device(index + 1))),
  };
  writeFileSync(path, stringify(document, { aliasDuplicateObjects: false }));
  return path;
};

const enrol = async (
  folder: string,
  config: string,
  start: (program: string, ...parameters: string[]) => ChildProcess,
): Promise<void> => {
  const [httpPort, mqttPort] = [await freePort(), await freePort()];
  const administrator = join(folder, 'administrator.json');
  start(
    FLEET,
    'serve',
    '--data',
    join(folder, 'fleet'),
    '--http-port',
    String(httpPort),
    '--mqtt-port',
    String(mqttPort),
    '--first-administrator-file',
    administrator,
  );
  const url = `http://127.0.0.1:${httpPort}`;
  const signal = AbortSignal.timeout(30_000);
  await waitForHealth(url, delay, signal);
  // The fleet tells its first login last.
  while (!existsSync(administrator)) await delay(SAMPLE_MS, undefined, { signal });
  const { login, password } = JSON.parse(readFileSync(administrator, 'utf8')) as {
    login: string;
    password: string;
  };
  const client = await openFleetClient(url, login, password);
  const [organisation] = await client.organisations();
  const token = await client.enrolmentToken(organisation?.id ?? '');
  const enrolment = start(AGENT, 'enrol', '--config', config, '--fleet', url, '--token', token);
  const [code] = (await once(enrolment, 'exit')) as [number | null];
  if (code !== 0) throw new Error('the agent could not be enrolled');
};

interface Standing {
  readonly ticks: number;
  readonly written: number;
  readonly stored: number;
}

const measure = async (pid: number, config: string): Promise<Record<string, number>> => {
  const before = await standing(pid, config);
  const start = performance.now();
  let rssKb = 0;
  while (performance.now() - start < MEASURED_MS) {
    rssKb = Math.max(rssKb, statusKb(pid, 'VmRSS'));
    await delay(SAMPLE_MS);
  }
  const after = await standing(pid, config);
  const seconds = (performance.now() - start) / 1000;
  const readings = after.stored - before.stored;
  return {
    rssMb: rssKb / 1024,
    cpuPercent: ((after.ticks - before.ticks) / TICKS_PER_SECOND / seconds) * 100,
    storageBytesPerReading: (after.written - before.written) / readings,
    readingsPerSecond: readings / seconds,
  };
};

const standing = async (pid: number, config: string): Promise<Standing> => {
  const written = Number(/^write_bytes: (\d+)/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1]);
  return { ticks: cpuTicks(pid), written, stored: await storedReadings(config) };
};

const storedReadings = async (config: string): Promise<number> => {
  const child = spawn(process.execPath, [AGENT, 'status', '--config', config, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  await once(child, 'close');
  return (JSON.parse(text) as { readings: { stored: number } }).readings.stored;
};
