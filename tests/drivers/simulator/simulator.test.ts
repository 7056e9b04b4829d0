import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Bus } from '../../../drivers/driver.js';
import { createModbus } from '../../../drivers/modbus/modbus.js';
import { listProfiles, loadProfile } from '../../../drivers/profile-file.js';
import type { Profile, ProfilePoint } from '../../../drivers/profile.js';
import { createPointValues } from '../../../drivers/simulator/point-values.js';
import { startSimulator, type SimulatedUnit } from '../../../drivers/simulator/start-simulator.js';
import { always, busDeps, point, profile, registerOf, tcpBus } from '../../support/modbus.js';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const MONDAY_MS = Date.UTC(2026, 5, 15);
const MINUTE_MS = 60_000;

const open = async (framing: 'tcp' | 'rtu', units: readonly SimulatedUnit[], now: () => number) => {
  const simulator = await startSimulator({ listen: { host: '127.0.0.1', port: 0 }, framing, units, now });
  const settings = { framing, timeoutMs: 1500, latenessMs: 100 };
  const bus = createModbus().openBus(tcpBus(simulator.port, settings), busDeps);
  const close = async () => {
    await bus.close();
    await simulator.close();
  };
  return { bus, close };
};

const serve = async (framing: 'tcp' | 'rtu', units: readonly SimulatedUnit[]) => {
  const { bus, close } = await open(framing, units, () => MONDAY_MS);
  closers.push(close);
  return bus;
};

const folder = fileURLToPath(new URL('../../../config/profiles', import.meta.url));
const profiles = listProfiles([folder]).map((id) => loadProfile([folder], id));
const served = profiles.filter(({ protocol }) => protocol === 'modbus');
const numberOf = (value: number | bigint | string | null | undefined): number => Number(value ?? 'none');

/** How far what was read may be from what was meant: one step of the register, and of the decimals that are told. */
const stepOf = (point: ProfilePoint, meant: number): number => {
  const exact = registerOf(point).type.startsWith('float') ? Math.abs(meant) * 1e-6 : point.scale;
  const rounded = point.decimals === undefined ? 0 : 0.5 * 10 ** -point.decimals;
  return exact + rounded;
};

describe.each(['tcp', 'rtu'] as const)('every profile that is served (%s)', (framing) => {
  const EVENING_MS = MONDAY_MS + 17.5 * 60 * MINUTE_MS;
  let line: { readonly bus: Bus; readonly close: () => Promise<void> };
  beforeAll(async () => {
    const units = served.map((each, index) => ({ address: String(index + 1), profile: each, seed: 42 }));
    line = await open(framing, units, () => EVENING_MS);
  });
  afterAll(() => line.close());

  test.each(served.map((each, index): [string, Profile, string] => [each.id, each, String(index + 1)]))(
    '%s is read whole, within its ranges',
    async (_, { points, maxRegisters }, address) => {
      const samples = await line.bus.read({ unit: { address, maxRegisters }, points }, always());
      const values = createPointValues(42);
      expect(samples).toHaveLength(points.length);
      samples.forEach((sample, index) => {
        const point = points[index];
        if (point === undefined) throw new Error('a sample without a point');
        expect(sample).not.toHaveProperty('fault');
        const value = numberOf(sample.value);
        const [low, high] = point.range ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
        expect(value).toBeGreaterThanOrEqual(low);
        expect(value).toBeLessThanOrEqual(high);
        const meant = Number(values(point, EVENING_MS));
        expect(
          Math.abs(value - (point.rollover === undefined ? meant : meant % point.rollover)),
        ).toBeLessThanOrEqual(stepOf(point, meant));
      });
    },
  );
});

/** Of points whose values are made alike, one. */
const unlike = (wanted: (point: ProfilePoint) => boolean): readonly ProfilePoint[] => {
  const found = new Map<string, ProfilePoint>();
  for (const point of profiles.flatMap(({ points }) => points.filter(wanted))) {
    const { property, unit, kind, range, rollover, key } = point;
    found.set([property, unit, kind, range, rollover, /_l[123]$/.test(key)].join(' '), point);
  }
  return [...found.values()];
};

describe('values', () => {
  test('depend on seed and time alone, so that a restart goes on with them', () => {
    const [values, again] = [createPointValues(7), createPointValues(7)];
    const points = unlike(() => true);
    expect(points.map((each) => again(each, MONDAY_MS))).toEqual(
      points.map((each) => values(each, MONDAY_MS)),
    );
    const [first] = profiles.flatMap(({ points }) => points.filter(({ kind }) => kind === 'counter'));
    if (first === undefined) throw new Error('no counter in any profile');
    expect(createPointValues(7)(first, MONDAY_MS)).not.toBe(createPointValues(8)(first, MONDAY_MS));
  });

  test('stay within the range of each point all year round', () => {
    const kinds = unlike(({ range, states }) => range !== undefined && states === undefined);
    const outside = new Set<string>();
    for (const seed of [1, 2]) {
      const values = createPointValues(seed);
      for (const point of kinds)
        for (
          let time = MONDAY_MS;
          time < MONDAY_MS + 365 * 24 * 60 * MINUTE_MS;
          time += 41 * 60 * MINUTE_MS
        ) {
          const value = Number(values(point, time)) % (point.rollover ?? Infinity);
          const [low, high] = point.range ?? [];
          if (value < Number(low) || value > Number(high))
            outside.add(`${point.property} in ${point.unit}: ${value}`);
        }
    }
    expect(kinds.length).toBeGreaterThan(50);
    expect([...outside]).toEqual([]);
  });

  test('of counters never fall', () => {
    const values = createPointValues(3);
    const fallen = new Set<string>();
    for (const counter of unlike(({ kind }) => kind === 'counter')) {
      let before = Number.NEGATIVE_INFINITY;
      for (let time = MONDAY_MS; time < MONDAY_MS + 9 * 24 * 60 * MINUTE_MS; time += 7 * MINUTE_MS + 13) {
        const value = Number(values(counter, time));
        if (!(value >= before)) fallen.add(counter.property);
        before = value;
      }
    }
    expect([...fallen]).toEqual([]);
  });

  test('of energy are the integral of power', () => {
    const power = point('p', {}, { property: 'active_power', unit: 'W' });
    const energy = point('e', {}, { property: 'active_energy_import', unit: 'kW.h', kind: 'counter' });
    const values = createPointValues(9);
    let joules = 0;
    const end = MONDAY_MS + 24 * 60 * MINUTE_MS;
    for (let time = MONDAY_MS; time < end; time += 1000) joules += Number(values(power, time + 500));
    const consumed = Number(values(energy, end)) - Number(values(energy, MONDAY_MS));
    expect(joules / 3.6e6).toBeCloseTo(consumed, 6);
    expect(consumed).toBeGreaterThan(10);
  });

  test('have a morning and an evening', () => {
    const power = point('p', {}, { property: 'active_power', unit: 'W' });
    const at = (hour: number) => Number(createPointValues(9)(power, MONDAY_MS + (hour - 1) * 60 * MINUTE_MS));
    expect(at(19)).toBeGreaterThan(2 * at(3));
    expect(at(7.5)).toBeGreaterThan(2 * at(3));
  });

  test('of a car park agree: occupied is entered minus left', () => {
    const values = createPointValues(4);
    const of = (property: string, time: number) => Number(values(point(property, {}, { property }), time));
    for (let time = MONDAY_MS; time < MONDAY_MS + 26 * 60 * MINUTE_MS; time += 20 * MINUTE_MS) {
      const occupied = of('occupied_spaces', time);
      expect(occupied).toBe(of('vehicle_entries', time) - of('vehicle_exits', time));
      expect(of('parking_state', time)).toBe(of('free_spaces', time) === 0 ? 1 : 0);
    }
  });
});

describe('a simulated line', () => {
  const points = [
    point('a', { address: 0 }),
    point('b', { address: 2 }),
    point('coil', { table: 'coil', type: 'bool', address: 3 }),
  ];
  const unit: SimulatedUnit = {
    address: '1',
    profile: profile(points, 10),
    seed: 1,
    values: (asked) => registerOf(asked).address,
  };

  test('answers exception 2 where nothing is mapped, and 3 to too large a request', async () => {
    const bus = await serve('tcp', [unit]);
    const ask = async (address: string, at: Parameters<typeof point>[1]) => {
      const [sample] = await bus.read(
        { unit: { address, maxRegisters: 125 }, points: [point('x', at)] },
        always(),
      );
      return sample?.fault?.detail ?? sample?.value;
    };
    expect(await ask('1', { address: 2 })).toBe(2);
    expect(await ask('1', { table: 'coil', type: 'bool', address: 3 })).toBe(1);
    expect(await ask('1', { address: 1 })).toBe('illegal data address (2)');
    expect(await ask('1', { table: 'input', address: 2 })).toBe('illegal data address (2)');
    expect(await ask('1', { type: 'string', length: 11 })).toBe('illegal data value (3)');
  });

  const askStranger = async (framing: 'tcp' | 'rtu') => {
    const bus = await serve(framing, [unit]);
    const [sample] = await bus.read({ unit: { address: '2', maxRegisters: 125 }, points }, always());
    return sample?.fault;
  };

  test('has no unknown unit: silence on a serial line, exception 11 from a gateway', async () => {
    expect((await askStranger('rtu'))?.code).toBe('timeout');
    expect((await askStranger('tcp'))?.detail).toBe('gateway target device failed to respond (11)');
  });
});
