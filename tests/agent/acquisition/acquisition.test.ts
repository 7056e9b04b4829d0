import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import {
  createAcquisition,
  type AcquisitionDeps,
  type Acquisition,
} from '../../../agent/acquisition/acquisition.js';
import type { MemoryLoss } from '../../../agent/acquisition/untold-losses.js';
import type { NewReading } from '../../../agent/buffer/buffer.js';
import { openBuffer } from '../../../agent/buffer/open-buffer.js';
import { delay } from '../../../agent/clock/timers.js';
import { bufferPoints } from '../../../agent/local/buffer-points.js';
import { closeBuses, openBuses } from '../../../agent/local/open-buses.js';
import { readOnBus, readOnce } from '../../../agent/local/read.js';
import { renderTable } from '../../../agent/local/read-table.js';
import { loadCatalogue } from '../../../agent/twin/catalogue.js';
import type { Configuration, ConfiguredDevice } from '../../../agent/twin/configuration.js';
import { readConfiguration } from '../../../agent/twin/configuration-file.js';
import { packagedCatalogue } from '../../../agent/twin/packaged.js';
import { startSimulator, type SimulatorSettings } from '../../../drivers/simulator/start-simulator.js';
import type { Bus } from '../../../drivers/driver.js';
import { eventually } from '../../support/eventually.js';

const TIME = Date.UTC(2026, 5, 1, 12);
const clockFrom = (start: () => number) => {
  const at = (monotonic: number) => ({
    boot: 'boot-1',
    monotonic,
    time: Math.round(start() + monotonic),
    state: 'synced' as const,
    uncertaintyMs: 0,
  });
  return { monotonic: () => performance.now(), at, now: () => at(performance.now()) };
};
const clock = clockFrom(() => TIME);
const log = { info: () => undefined, warn: () => undefined };

const CONFIGURATION = (tcp: number, rtu: number): string => `
gateway: { name: Test }
buses:
  meters: { tcp: "127.0.0.1:${tcp}", timeout: 150ms }
  field: { rtu-over-tcp: "127.0.0.1:${rtu}", timeout: 150ms, lateness: 200ms }
devices:
  hall:
    name: Hall meter
    bus: meters
    address: 1
    profile: eastron/sdm630-v2
    interval: 1s
    installation: { ratio: 40, serial: "A1" }
  water:
    bus: field
    address: 3
    profile: terroir/water-meter
    interval: 5s
  silent:
    bus: field
    address: 9
    profile: terroir/water-meter
    interval: 5s
`;

const folder = mkdtempSync(join(tmpdir(), 'terroir-acquisition-'));
const undo: (() => Promise<void> | void)[] = [];
let configuration: Configuration;
let buses: ReadonlyMap<string, Bus>;

const simulate = async (framing: 'tcp' | 'rtu', units: SimulatorSettings['units'], port = 0) => {
  const listen = { host: '127.0.0.1', port };
  const simulator = await startSimulator({ listen, framing, units, now: () => TIME });
  undo.push(() => simulator.close());
  return simulator;
};

const configure = (tcp: number, rtu: number): Configuration => {
  const file = join(folder, 'terroir.yaml');
  writeFileSync(file, CONFIGURATION(tcp, rtu));
  return readConfiguration(file);
};

beforeEach(async () => {
  const profiles = new Map(configure(1, 2).devices.map(({ profile }) => [profile.id, profile]));
  const unit = (address: string, id: string, value: number) => {
    const profile = profiles.get(id);
    if (profile === undefined) throw new Error(`no profile ${id}`);
    return { address, profile, seed: 1, values: () => value };
  };
  const tcp = await simulate('tcp', [unit('1', 'eastron/sdm630-v2', 50.25)]);
  const rtu = await simulate('rtu', [unit('3', 'terroir/water-meter', 1)]);
  configuration = configure(tcp.port, rtu.port);
  buses = openBuses(configuration, clock);
  undo.push(() => closeBuses(buses));
});

afterEach(async () => {
  for (const each of undo.splice(0).toReversed()) await each();
});

afterAll(() => rmSync(folder, { recursive: true }));

const numbersOf = (keys: readonly string[]) => new Map(keys.map((key, i) => [key, i + 1]));

const acquire = (
  append: (readings: readonly NewReading[]) => Promise<void>,
  losses: MemoryLoss[] = [],
  deps: Partial<AcquisitionDeps> = {},
) => {
  const acquisition: Acquisition = createAcquisition({
    configuration,
    buses,
    buffer: { append, declare: () => Promise.resolve(), flush: () => Promise.resolve() },
    clock,
    numbers: numbersOf(bufferPoints(configuration).map(({ key }) => key)),
    log,
    delay,
    onLost: (loss) => losses.push(loss),
    ...deps,
  });
  undo.push(() => acquisition.stop());
  acquisition.start();
  return acquisition;
};

test('a counter is read at local midnight, beside its deadlines, and that reading goes out raw', async () => {
  const devices = configuration.devices.map((device) => ({
    ...device,
    points: device.points.map((point) => ({
      ...point,
      intervalMs: 3_600_000,
      heartbeatMs: 7_200_000,
      deadband: { absolute: 1e9 },
    })),
  }));
  // In Paris the day ends at 22:00 UTC in June.
  const midnight = Date.UTC(2026, 5, 1, 22);
  const early = clockFrom(() => midnight - 1_500 - started);
  const started = performance.now();
  const appended: NewReading[] = [];
  acquire(async (readings) => void appended.push(...readings), [], {
    configuration: { ...configuration, devices },
    clock: early,
  });
  const numbers = numbersOf(bufferPoints(configuration).map(({ key }) => key));
  const counters = devices.flatMap(({ key, points }) =>
    points.filter(({ kind }) => kind === 'counter').map(({ map }) => numbers.get(`${key}/${map.key}`) ?? 0),
  );
  const indexes = () =>
    appended.filter(
      ({ time, value, point }) => time >= midnight && value !== null && counters.includes(point),
    );
  await eventually(() => new Set(indexes().map(({ point }) => point)).size >= 2, 20_000);
  expect(indexes().every(({ held }) => !held)).toBe(true);
});

test('every point of every device becomes readings: scaled, judged, timed, stored', async () => {
  const path = join(folder, 'buffer.db');
  const buffer = await openBuffer({ path, commitMs: 50 });
  undo.push(() => buffer.close());
  await buffer.definePoints(bufferPoints(configuration));
  const appended: NewReading[] = [];
  const acquisition = acquire((readings) => {
    appended.push(...readings);
    return buffer.append(readings);
  });
  const points = bufferPoints(configuration).length;
  await eventually(() => acquisition.latest().length === points, 10_000);
  await acquisition.stop();

  const latest = new Map(
    acquisition.latest().map((each) => [`${each.device.key}/${each.point.map.key}`, each]),
  );
  expect(latest.get('hall/active_power')).toMatchObject({
    value: 2010,
    flag: 1,
    reason: 'none',
    clock: 'synced',
  });
  expect(latest.get('hall/voltage_l1')).toMatchObject({ value: 50.25 });
  expect(latest.get('water/index')).toMatchObject({ value: 1 });
  expect(latest.get('water/leak')).toMatchObject({ value: 1 });
  expect(latest.get('silent/index')).toMatchObject({ value: null, flag: 9, reason: 'no-answer' });
  expect(
    appended.every(({ boot, time, monotonic }) => boot === 'boot-1' && time === Math.round(TIME + monotonic)),
  ).toBe(true);
  expect((await buffer.state()).lastOrdinal).toBe(appended.length);
  expect(acquisition.counters().readings).toEqual({ stored: appended.length, pending: 0, lost: 0 });
  expect(acquisition.counters().buses.get('field')?.polls.devices.get('silent')).toMatchObject({ ok: 0 });
});

test('what a technician reads between polls is stored as what a poll finds, and what is unknown is named', async () => {
  const stored: NewReading[] = [];
  const devices = configuration.devices.map((device) =>
    device.key === 'hall' ? { ...device, profile: { ...device.profile, minIntervalMs: 0 } } : device,
  );
  const append = async (readings: readonly NewReading[]) => void stored.push(...readings);
  const acquisition = acquire(append, [], { configuration: { ...configuration, devices } });
  await eventually(() => acquisition.latest().some(({ device }) => device.key === 'water'), 5_000);
  const signal = AbortSignal.timeout(5_000);
  const number = bufferPoints(configuration).findIndex(({ key }) => key === 'hall/voltage_l1') + 1;
  const { readings, notBefore } = await acquisition.readNow('hall', signal);
  const voltage = readings.find(({ point }) => point.map.key === 'voltage_l1');
  expect(voltage).toMatchObject({ value: 50.25 });
  expect(notBefore).toBeUndefined();
  expect(stored.filter(({ point, time }) => point === number && time === voltage?.time)).toHaveLength(1);

  // A battery meter: the last of each, and when it bears the next.
  const water = await acquisition.readNow('water', signal);
  expect(water.readings.map(({ point, value }) => [point.map.key, value])).toContainEqual(['index', 1]);
  expect(water.notBefore).toBeGreaterThan(clock.now().time);

  const silent = await acquisition.readNow('silent', signal);
  expect(silent.readings[0]).toMatchObject({ value: null, flag: 9, reason: 'no-answer' });
  await expect(acquisition.readNow('nowhere', signal)).rejects.toMatchObject({
    code: 'unknown-device',
  });
  await acquisition.stop();
  await expect(acquisition.readNow('water', signal)).rejects.toMatchObject({ code: 'stopped' });
});

test('a buffer that hangs in its commit does not stop collecting', async () => {
  let appended = 0;
  const commits: (() => void)[] = [];
  const committed = new Promise<void>((resolve) => commits.push(resolve));
  const acquisition = acquire((readings) => {
    appended += readings.length;
    return committed;
  });
  const perPoll =
    configuration.devices[0]?.points.filter(({ intervalMs }) => intervalMs === 1000).length ?? 0;
  await eventually(() => (acquisition.counters().buses.get('meters')?.polls.ok ?? 0) >= 3, 10_000);
  expect(appended).toBeGreaterThan(2 * perPoll);
  expect(acquisition.counters().readings).toMatchObject({ stored: 0, lost: 0 });
  for (const commit of commits) commit();
});

test('a bus that was not opened and a point without a number are refused', () => {
  const deps = {
    configuration,
    clock,
    log,
    delay,
    onLost: () => undefined,
    buffer: {
      append: () => Promise.resolve(),
      declare: () => Promise.resolve(),
      flush: () => Promise.resolve(),
    },
  };
  const numbers = numbersOf(bufferPoints(configuration).map(({ key }) => key));
  expect(() => createAcquisition({ ...deps, numbers, buses: new Map() })).toThrow(
    /Bus meters was not opened/,
  );
  expect(() => createAcquisition({ ...deps, numbers: new Map(), buses })).toThrow(/has no number/);
});

test('one poll of everything makes a table to compare with the dials', async () => {
  const catalogue = loadCatalogue(packagedCatalogue);
  const signal = AbortSignal.timeout(10_000);
  const read = (each: ConfiguredDevice) => readOnBus({ buses, clock }, each, signal);
  const rows = await readOnce({ configuration, catalogue, read });
  expect(rows).toHaveLength(bufferPoints(configuration).length);
  expect(rows.find(({ point }) => point === 'active_power')).toMatchObject({
    value: 2010,
    unit: 'W',
    dial: { value: 2.01, unit: 'kW' },
    raw: '4249 0000',
    flag: 1,
  });
  expect(JSON.parse(JSON.stringify(rows))).toEqual(rows);
  const table = renderTable(rows);
  expect(table).toMatch(/^hall: Hall meter \(1 on meters\)$/m);
  expect(table).toMatch(/^ {2}Active power +2\.01 {2}kW +good +4249 0000$/m);
  expect(table).toMatch(/^ {2}Leak +leak +not evaluated +[0-9a-f]{4}$/m);
  expect(table).toMatch(/^ {2}Index +– +missing: no reply within 150 ms$/m);

  const one = await readOnce({ configuration, catalogue, read }, 'water');
  expect(new Set(one.map(({ device }) => device))).toEqual(new Set(['water']));
  await expect(readOnce({ configuration, catalogue, read }, 'gone')).rejects.toThrow(
    'There is no device gone; there are: hall, water, silent.',
  );
});
