import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { DIALECTS } from '../../drivers/dialects.js';
import { loadProfile } from '../../drivers/profile-file.js';
import { startSimulator, type Simulator } from '../../drivers/simulator/start-simulator.js';
import { packagedProfiles } from '../../agent/twin/packaged.js';
import { cpuTicks, statusKb, TICKS_PER_SECOND } from './process-figures.js';
import { mbusTelegramsPerSecond } from './lines-mbus.js';
import { speakTenTimes } from './lines-nmea.js';

const WARM_UP_MS = 20_000;
const MEASURED_MS = 60_000;
const SAMPLE_MS = 500;

const AGENT = fileURLToPath(new URL('../../terroir-agent/main.js', import.meta.url));

interface BusyLine {
  readonly protocol: string;
  readonly profile: string;
  readonly address: string;
  readonly interval: string;
}

/** What hangs on the eight lines, each as often as such a device is read. */
const LINES: Readonly<Record<string, BusyLine>> = {
  mbus1: { protocol: 'mbus', profile: 'kamstrup/multical-302', address: '1', interval: '10s' },
  mbus2: { protocol: 'mbus', profile: 'kamstrup/multical-601', address: '2', interval: '10s' },
  linky1: { protocol: 'tic', profile: 'enedis/linky-standard-single-phase', address: '', interval: '10s' },
  linky2: { protocol: 'tic', profile: 'enedis/linky-standard-three-phase', address: '', interval: '10s' },
  gnss: { protocol: 'nmea', profile: 'nmea/gnss-receiver', address: '', interval: '10s' },
  probe: { protocol: 'sdi12', profile: 'campbell/cs655', address: '0', interval: '60s' },
  dust: { protocol: 'uart', profile: 'plantower/pms5003', address: '', interval: '10s' },
  wind: { protocol: 'line', profile: 'gill/windsonic', address: 'Q', interval: '10s' },
};

const serve = async (
  [key, { protocol, profile, address }]: [string, BusyLine],
  seed: number,
): Promise<Simulator> => {
  const loaded = loadProfile([packagedProfiles], profile);
  if (loaded.protocol !== protocol) throw new Error(`${key}: ${profile} speaks ${loaded.protocol}`);
  if (protocol === 'nmea') return speakTenTimes(loaded);
  return startSimulator({
    listen: { host: '127.0.0.1', port: 0 },
    framing: DIALECTS.get(protocol)?.framings[0] ?? '',
    units: [{ address, profile: loaded, seed }],
    now: Date.now,
  });
};

const writeConfiguration = (folder: string, ports: ReadonlyMap<string, number>): string => {
  const path = join(folder, 'agent.yaml');
  const lines = Object.entries(LINES);
  const document = {
    gateway: { name: 'bench' },
    data: join(folder, 'agent'),
    buses: Object.fromEntries(
      lines.map(([key, { protocol }]) => [key, { tcp: `127.0.0.1:${ports.get(key)}`, protocol }]),
    ),
    devices: Object.fromEntries(
      lines.map(([key, { profile, address, interval }]) => [
        `${key}-device`,
        { bus: key, profile, interval, ...(address === '' ? {} : { address }) },
      ]),
    ),
  };
  writeFileSync(path, stringify(document, { aliasDuplicateObjects: false }));
  return path;
};

/**
 * `mbusTelegramsPerSecond` decoded on one core; and `terroir-agent run` with eight lines over TCP (two M-Bus, two Linky in
 * standard mode, NMEA at 10 Hz, SDI-12, PMS, line): after 20 s of warm-up, over 60 s, `cpuPercent` of one core and `rssMb`, the
 * highest resident size (MB); `linesHeard` is how many of the eight gave all their values.
 */
export const run = async (): Promise<Record<string, number>> => {
  const decoded = mbusTelegramsPerSecond();
  const folder = mkdtempSync(join(tmpdir(), 'terroir-bench-'));
  const simulators = new Map<string, Simulator>();
  let agent: ChildProcess | undefined;
  try {
    for (const [index, line] of Object.entries(LINES).entries())
      simulators.set(line[0], await serve(line, index + 1));
    const ports = new Map([...simulators].map(([key, { port }]) => [key, port]));
    const config = writeConfiguration(folder, ports);
    agent = spawn(process.execPath, [AGENT, 'run', '--config', config], { stdio: 'ignore' });
    if (agent.pid === undefined) throw new Error('the agent did not start');
    await delay(WARM_UP_MS);
    const figures = await measure(agent.pid);
    return { mbusTelegramsPerSecond: decoded, ...figures, linesHeard: linesHeard(config) };
  } finally {
    agent?.kill('SIGKILL');
    for (const simulator of simulators.values()) await simulator.close();
    rmSync(folder, { recursive: true, force: true });
  }
};

/** Devices of which every point has a value: figures of an agent that hears nothing would mean nothing. */
const linesHeard = (config: string): number => {
  const status = execFileSync(process.execPath, [AGENT, 'status', '--config', config, '--json'], {
    encoding: 'utf8',
  });
  const { latest } = JSON.parse(status) as { latest: { device: string; value: unknown }[] };
  const deaf = new Set(latest.filter(({ value }) => value === null).map(({ device }) => device));
  return new Set(latest.map(({ device }) => device)).size - deaf.size;
};

const measure = async (pid: number): Promise<Record<string, number>> => {
  const before = cpuTicks(pid);
  const start = performance.now();
  let rssKb = 0;
  while (performance.now() - start < MEASURED_MS) {
    rssKb = Math.max(rssKb, statusKb(pid, 'VmRSS'));
    await delay(SAMPLE_MS);
  }
  const seconds = (performance.now() - start) / 1000;
  return {
    cpuPercent: ((cpuTicks(pid) - before) / TICKS_PER_SECOND / seconds) * 100,
    rssMb: rssKb / 1024,
  };
};
