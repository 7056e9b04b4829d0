import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createAcquisition } from '../../agent/acquisition/acquisition.js';
import { createClock } from '../../agent/clock/gateway-clock.js';
import { systemTime } from '../../agent/clock/system-time.js';
import { delay } from '../../agent/clock/timers.js';
import { keepMemorySmall } from '../../agent/local/memory.js';
import { openBuses } from '../../agent/local/open-buses.js';
import type { ConfiguredBus } from '../../agent/twin/configuration.js';
import { startSimulator } from '../../drivers/simulator/start-simulator.js';
import { point, profile, registerOf, tcpBus } from '../support/modbus.js';
import { deviceOf } from './bus-devices.js';

const UNITS = 50;
const POINTS_EACH = 100;
/** 20,000 points a second are asked for. */
const INTERVAL_MS = 250;
const WARM_UP_MS = 5_000;
const MEASURED_MS = 20_000;

const SELF = fileURLToPath(import.meta.url);

const points = () =>
  Array.from({ length: POINTS_EACH }, (_, index) => point(`t${index}`, { address: index }));

/** One simulated unit a port. Tells its ports, and serves until killed. */
const serve = async (): Promise<void> => {
  const simulators = await Promise.all(
    Array.from({ length: UNITS }, (_, seed) =>
      startSimulator({
        listen: { host: '127.0.0.1', port: 0 },
        framing: 'tcp',
        units: [
          { address: '1', profile: profile(points()), seed, values: (asked) => registerOf(asked).address },
        ],
        now: Date.now,
      }),
    ),
  );
  process.stdout.write(`${JSON.stringify(simulators.map(({ port }) => port))}\n`);
};

/** Buses, workers and acquisition as the agent has them, up to the buffer. Tells points and memory. */
const poll = async (ports: readonly number[]): Promise<void> => {
  keepMemorySmall();
  const map = points();
  const buses = ports.map((port): ConfiguredBus => ({
    ...tcpBus(port, { key: `bus-${port}` }),
    protocol: 'modbus',
  }));
  const devices = buses.map(({ key }) => ({ ...deviceOf(key, '1', map, INTERVAL_MS), bus: key }));
  const keys = devices.flatMap((device) => map.map((each) => `${device.key}/${each.key}`));
  const clock = createClock(systemTime());
  let taken = 0;
  const acquisition = createAcquisition({
    configuration: { buses, devices, timezone: 'Europe/Paris' },
    buses: openBuses({ buses }, clock),
    buffer: {
      append: async (readings) => {
        taken += readings.filter(({ value }) => value !== null).length;
      },
      declare: async () => {},
      flush: async () => {},
    },
    clock,
    numbers: new Map(keys.map((key, index) => [key, index])),
    log: { warn: () => {}, info: () => {} },
    delay,
    onLost: () => {},
  });
  acquisition.start();
  await sleep(WARM_UP_MS);
  const [before, start, cpu] = [taken, performance.now(), process.cpuUsage()];
  let rssKb = 0;
  while (performance.now() - start < MEASURED_MS) {
    rssKb = Math.max(
      rssKb,
      Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]),
    );
    await sleep(500);
  }
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const figures = {
    tcpPointsPerSecond: (taken - before) / seconds,
    rssMb: rssKb / 1024,
    tcpCpuPercent: (user + system) / 1e4 / seconds,
  };
  process.stdout.write(`${JSON.stringify(figures)}\n`, () => process.exit());
};

const startRole = (...role: readonly string[]): ChildProcess =>
  spawn(process.execPath, [SELF, ...role], { stdio: ['ignore', 'pipe', 'inherit'] });

const firstLine = async (child: ChildProcess): Promise<string> => {
  let text = '';
  for await (const chunk of child.stdout ?? []) {
    text += String(chunk);
    if (text.includes('\n')) break;
  }
  return text;
};

/**
 * 50 Modbus TCP units of 100 points each, in a process of their own; in another, what the agent has from the sockets
 * up to the buffer: readings with a value a second over 20 s after 5 s of warm-up, its highest resident size,
 * and the share of one core that it had.
 */
export const measureTcp = async (): Promise<Record<string, number>> => {
  const units = startRole('serve');
  let poller: ChildProcess | undefined;
  try {
    poller = startRole('poll', await firstLine(units));
    return JSON.parse(await firstLine(poller)) as Record<string, number>;
  } finally {
    poller?.kill('SIGKILL');
    units.kill('SIGKILL');
  }
};

if (process.argv[1] === SELF) {
  const [role, ports = '[]'] = process.argv.slice(2);
  await (role === 'poll' ? poll(JSON.parse(ports) as readonly number[]) : serve());
}
