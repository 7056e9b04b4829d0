import { afterEach, describe, expect, test } from 'vitest';
import type { Bus, BusSettings } from '../../../drivers/driver.js';
import type { Sample } from '../../../drivers/sample.js';
import { createModbus } from '../../../drivers/modbus/modbus.js';
import type { SimulatorFaults } from '../../../drivers/simulator/faults.js';
import { startSimulator } from '../../../drivers/simulator/start-simulator.js';
import { always, busDeps, point, profile, registerOf, tcpBus } from '../../support/modbus.js';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const PER_REGISTER = 10_000_000;
const points = Array.from({ length: 8 }, (_, index) =>
  point(`r${index}`, { address: 10 * index, type: 'uint32', order: 'ABCD' }),
);

/** A unit whose every reply says which register it is of, and when it was made. */
const openLine = async (faults: Partial<SimulatorFaults>, settings: Partial<BusSettings>): Promise<Bus> => {
  const framing = settings.framing === 'tcp' ? 'tcp' : 'rtu';
  const simulator = await startSimulator({
    listen: { host: '127.0.0.1', port: 0 },
    framing,
    units: [
      {
        address: '1',
        profile: profile(points),
        seed: 1,
        values: (asked, time) => registerOf(asked).address * PER_REGISTER + Math.floor(time),
      },
    ],
    now: () => performance.now(),
    faults: { lateMs: 100, seed: 5, ...faults },
  });
  closers.push(() => simulator.close());
  const bus = createModbus().openBus(
    tcpBus(simulator.port, { framing, timeoutMs: 60, latenessMs: 300, ...settings }),
    busDeps,
  );
  closers.push(() => bus.close());
  return bus;
};

/** Whether a sample is of another register, or was made before its request left. */
const wrong = (sample: Sample, index: number): boolean => {
  if (sample.value === null) return false;
  const madeAt = Number(sample.value) - 10 * index * PER_REGISTER;
  return madeAt < Math.floor(sample.at) || madeAt > performance.now();
};

const poll = async (
  bus: Bus,
  times: number,
): Promise<{ wrong: number; good: number; faults: Set<string> }> => {
  const result = { wrong: 0, good: 0, faults: new Set<string>() };
  for (let time = 0; time < times; time++) {
    const index = time % points.length;
    const unit = { address: '1', maxRegisters: 125 };
    const [sample] = await bus.read({ unit, points: points.slice(index, index + 1) }, always());
    if (sample === undefined) throw new Error('a point without a sample');
    if (wrong(sample, index)) result.wrong++;
    else if (sample.value !== null) result.good++;
    if (sample.fault !== undefined) result.faults.add(sample.fault.code);
  }
  return result;
};

describe('replies later than the timeout', () => {
  test('are never taken for those of the next request on a serial line', async () => {
    const bus = await openLine({ lateRate: 0.06 }, {});
    const result = await poll(bus, 100);
    expect(result.wrong).toBe(0);
    expect(result.good).toBeGreaterThan(50);
    expect(bus.counters().lateReplies).toBeGreaterThanOrEqual(3);
    expect(bus.counters().timeouts).toBeGreaterThanOrEqual(3);
  });

  test('would be, if the line were not drained until they can no longer come', async () => {
    const bus = await openLine({ lateRate: 0.3, lateMs: 130 }, { latenessMs: 0 });
    const { wrong } = await poll(bus, 50);
    expect(wrong).toBeGreaterThan(0);
  });

  test('are never taken for those of the next request, nor waited for, on Modbus TCP', async () => {
    const bus = await openLine({ lateRate: 0.15 }, { framing: 'tcp' });
    const result = await poll(bus, 100);
    expect(result.wrong).toBe(0);
    expect(bus.counters().lateReplies).toBeGreaterThanOrEqual(5);
  });
});

test('a damaged reply is a checksum fault, and what follows it is right', async () => {
  const bus = await openLine({ crcRate: 0.12 }, { timeoutMs: 5000, latenessMs: 60 });
  const result = await poll(bus, 80);
  expect(result.wrong).toBe(0);
  expect([...result.faults]).toEqual(['checksum']);
  expect(bus.counters().checksumErrors).toBeGreaterThanOrEqual(3);
});

test('a unit that never answers costs its neighbours on the line no value', async () => {
  const bus = await openLine({ silentUnits: ['9'] }, { timeoutMs: 1000, latenessMs: 60 });
  const read = (address: string) => bus.read({ unit: { address, maxRegisters: 125 }, points }, always());
  const [silent, answering] = await Promise.all([read('9'), read('1')]);
  expect(new Set(silent.map(({ fault }) => fault?.code))).toEqual(new Set(['timeout']));
  expect(answering.map(({ fault }) => fault)).toEqual(points.map(() => undefined));
  expect(answering.some((sample, index) => wrong(sample, index))).toBe(false);
});
