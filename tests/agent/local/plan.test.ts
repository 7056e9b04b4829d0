import { expect, test } from 'vitest';
import { planConfiguration, renderPlan, type PlannedBus } from '../../../agent/local/plan.js';
import type { ConfiguredBus } from '../../../agent/twin/configuration.js';
import { register } from '../../support/modbus.js';
import { device, point } from '../acquisition/support.js';

const serial: ConfiguredBus = {
  key: 'line',
  protocol: 'modbus',
  endpoint: {
    type: 'serial',
    path: '/dev/ttyUSB0',
    baudRate: 9600,
    dataBits: 8,
    parity: 'none',
    stopBits: 1,
  },
  framing: 'rtu',
  timeoutMs: 1000,
  latenessMs: 1000,
  pauseMs: 0,
};

const meter = (key: string, intervalMs: number) =>
  device(
    key,
    [0, 2, 60].map((address) =>
      point(
        `r${address}`,
        { intervalMs },
        { register: register({ address, type: 'float32', order: 'ABCD' }) },
      ),
    ),
  );

/** 13 characters, two gaps of 3.5 and 20 ms, and the data: 4 registers, and 2. */
const POLL_MS = 2 * ((13 + 7) / 0.96 + 20) + (8 + 4) / 0.96;

const firstPlanned = (configuration: Parameters<typeof planConfiguration>[0]): PlannedBus => {
  const [bus] = planConfiguration(configuration);
  if (bus === undefined || bus.load === null) throw new Error('the bus is not planned');
  return bus;
};

test('requests, their time and the load of the line are told before anything runs', () => {
  const bus = firstPlanned({ buses: [serial], devices: [meter('1', 1000), meter('2', 2000)] });
  expect(bus.devices[0]?.requests).toMatchObject([
    { table: 'holding', address: 0, count: 4, points: ['r0', 'r2'], unused: 0 },
    { table: 'holding', address: 60, count: 2, points: ['r60'], unused: 0 },
  ]);
  expect(bus.devices[0]?.ms).toBeCloseTo(POLL_MS, 6);
  expect(bus.load).toBeCloseTo((1.5 * POLL_MS) / 1000, 2);
  expect(bus.overloaded).toBe(false);
});

test('a line of which more than 80 % is asked for is warned of', () => {
  const devices = Array.from({ length: 9 }, (_, index) => meter(String(index + 1), 1000));
  const plan = planConfiguration({ buses: [serial], devices });
  const bus = firstPlanned({ buses: [serial], devices });
  expect(bus.load).toBeCloseTo((9 * POLL_MS) / 1000, 2);
  expect(bus.overloaded).toBe(true);
  expect(renderPlan(plan)).toMatch(/WARNING: 8\d % of the time of bus line is asked for; above 80 %/);
  const far = planConfiguration({
    buses: [serial],
    devices: [...devices, ...devices.map((each) => ({ ...each, key: `${each.key}b` }))],
  });
  expect(renderPlan(far)).toMatch(/it cannot keep up: its intervals would have to be 1\.7 times as long/);
});

test('a bus of telegrams is listed with its devices, and not predicted', () => {
  const plan = planConfiguration({ buses: [{ ...serial, protocol: 'mbus' }], devices: [meter('1', 1000)] });
  expect(plan).toEqual([
    {
      bus: 'line',
      endpoint: '/dev/ttyUSB0',
      protocol: 'mbus',
      devices: [{ device: '1', address: '1' }],
      load: null,
    },
  ]);
  expect(renderPlan(plan)).toContain(
    'line: /dev/ttyUSB0, mbus; telegrams, whose time on the line is not predicted',
  );
});
