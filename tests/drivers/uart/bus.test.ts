import { afterEach, describe, expect, test } from 'vitest';
import type { Channel } from '../../../drivers/channel/channel.js';
import type { Bus, BusDeps, UnitSettings } from '../../../drivers/driver.js';
import type { Sample } from '../../../drivers/sample.js';
import type { FieldPoint, Profile } from '../../../drivers/profile.js';
import type { SimulatorFaults } from '../../../drivers/simulator/faults.js';
import { startSimulator } from '../../../drivers/simulator/start-simulator.js';
import { commandPms } from '../../../drivers/uart/pms.js';
import { commandSds011 } from '../../../drivers/uart/sds011.js';
import type { UartSection } from '../../../drivers/uart/section.js';
import { encodeShdlc } from '../../../drivers/uart/shdlc.js';
import { createUartBus } from '../../../drivers/uart/uart-bus.js';
import { eventually } from '../../support/eventually.js';
import { always, busDeps, tcpBus } from '../../support/modbus.js';

const point = (field: string): FieldPoint => ({
  key: field,
  field,
  name: field,
  kind: 'gauge',
  property: 'unknown',
  unit: '1',
  valueType: 'float',
  scale: 1,
  offset: 0,
});

const profileOf = (section: UartSection, points: readonly FieldPoint[]): Profile => ({
  id: 'test/sensor',
  maker: 'Test',
  model: 'Sensor',
  protocol: 'uart',
  source: { document: 'none', synthetic: true },
  maxRegisters: 1,
  minIntervalMs: 1,
  defaultIntervalMs: 1000,
  points,
  section,
  hash: '00',
});

const running: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of running.splice(0).toReversed()) await each.close();
});

/** A clock on which a warm-up passes at once; answers take their real time. */
const LONG_MS = 10_000;
class Clock {
  #skippedMs = 0;
  readonly waits: number[] = [];
  now = (): number => performance.now() + this.#skippedMs;
  pass(ms: number): void {
    this.#skippedMs += ms;
  }
  delay: BusDeps['delay'] = async (ms, signal) => {
    signal?.throwIfAborted();
    if (ms < LONG_MS) return busDeps.delay(ms, signal);
    this.waits.push(ms);
    this.pass(ms);
  };
}

interface Line {
  readonly bus: Bus;
  readonly clock: Clock;
  /** What was sent to the sensor, hexadecimal. */
  readonly sent: string[];
}

const simulate = async (
  section: UartSection,
  fields: readonly string[],
  faults: Partial<SimulatorFaults> = {},
): Promise<number> => {
  const simulator = await startSimulator({
    listen: { host: '127.0.0.1', port: 0 },
    framing: 'uart',
    units: [
      {
        address: '',
        profile: profileOf(section, fields.map(point)),
        seed: 1,
        values: ({ key }) => (key === 'error' ? 0 : 10 + fields.indexOf(key)),
      },
    ],
    now: () => 0,
    faults,
  });
  running.push(simulator);
  return simulator.port;
};

const open = (port: number, timeoutMs = 6_000): Line => {
  const clock = new Clock();
  const sent: string[] = [];
  const openChannel: BusDeps['openChannel'] = async (endpoint, signal) => {
    const channel = await busDeps.openChannel(endpoint, signal);
    const write = (bytes: Uint8Array): Promise<void> => {
      sent.push(Buffer.from(bytes).toString('hex'));
      return channel.write(bytes);
    };
    const heard: Channel = {
      write,
      onData: (listener) => channel.onData(listener),
      onClose: (listener) => channel.onClose(listener),
      close: () => channel.close(),
    };
    return heard;
  };
  const bus = createUartBus(tcpBus(port, { framing: 'uart', timeoutMs, latenessMs: 50 }), {
    openChannel,
    now: clock.now,
    delay: clock.delay,
  });
  running.push(bus);
  return { bus, clock, sent };
};

const unit = (section: UartSection): UnitSettings => ({ address: '', maxRegisters: 1, section });
const read = (bus: Bus, section: UartSection, fields: readonly string[], signal = always()) =>
  bus.read({ unit: unit(section), points: fields.map(point) }, signal);
const valuesOf = (samples: readonly Sample[]) => samples.map(({ value, fault }) => value ?? fault?.code);

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const WAKE_SDS = hex(commandSds011(6, 1));
const SLEEP_SDS = hex(commandSds011(6, 0));

describe('a sensor', () => {
  test.each([
    ['sds011', ['pm2_5', 'pm10'], {}],
    ['pms', ['pm2_5', 'n10'], { splitRate: 1 }],
    ['pms5003st', ['formaldehyde', 'temperature'], { strayRate: 1 }],
    ['sps30', ['pm4_0', 'typical_size'], { splitRate: 1 }],
    ['mh-z19', ['co2'], { strayRate: 1 }],
  ] as const)('%s is doubted until it is warm', async (sensor, fields, faults) => {
    const section = { sensor };
    const { bus, clock } = open(await simulate(section, fields, faults));
    const cold = await read(bus, section, fields);
    expect(valuesOf(cold)).toEqual(fields.map((_, index) => 10 + index));
    expect(cold[0]?.doubt?.reason).toBe('warm-up');
    clock.pass(200_000);
    const warm = await read(bus, section, fields);
    expect(valuesOf(warm)).toEqual(fields.map((_, index) => 10 + index));
    expect(warm[0]?.doubt).toBeUndefined();
  });

  test('whose frames are damaged has no values', async () => {
    const section = { sensor: 'mh-z19' } as const;
    const { bus } = open(await simulate(section, ['co2'], { crcRate: 1 }));
    expect(valuesOf(await read(bus, section, ['co2']))).toEqual(['checksum']);
    expect(bus.counters().checksumErrors).toBe(2);
  });

  test('that is silent has none either', async () => {
    const section = { sensor: 'mh-z19' } as const;
    const { bus } = open(await simulate(section, ['co2'], { silentUnits: [''] }), 300);
    expect(valuesOf(await read(bus, section, ['co2']))).toEqual(['timeout']);
  });

  test('is warm as soon as its profile says', async () => {
    const section = { sensor: 'sds011', warmUp: '1ms' } as const;
    const { bus, clock } = open(await simulate(section, ['pm10']));
    await read(bus, section, ['pm10']);
    clock.pass(5);
    expect((await read(bus, section, ['pm10']))[0]?.doubt).toBeUndefined();
  });
});

describe('a duty cycle', () => {
  test('wakes an SDS011 a warm-up before it is asked, and lets it sleep after', async () => {
    const section = { sensor: 'sds011', dutyCycle: true, warmUp: '25s' } as const;
    const { bus, clock, sent } = open(await simulate(section, ['pm2_5']));
    const [sample] = await read(bus, section, ['pm2_5']);
    expect(sample).toMatchObject({ value: 10 });
    expect(sample?.doubt).toBeUndefined();
    expect([...new Set(sent)]).toEqual([WAKE_SDS, hex(commandSds011(4)), SLEEP_SDS]);
    expect(clock.waits.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThanOrEqual(24_900);
  });

  test.each([
    ['pms', [hex(commandPms(0xe4, 1))], hex(commandPms(0xe4, 0))],
    ['sps30', [], hex(encodeShdlc(0x10, new Uint8Array(0)))],
  ] as const)('does so for a %s', async (sensor, wake, sleep) => {
    const section = { sensor, dutyCycle: true } as const;
    const { bus, sent } = open(await simulate(section, ['pm2_5']), 3_000);
    for (let round = 0; round < 2; round++) {
      expect(valuesOf(await read(bus, section, ['pm2_5']))).toEqual([10]);
      expect(sent.at(-1)).toBe(sleep);
      expect(sent).toEqual(expect.arrayContaining([...wake]));
    }
  });

  test('ends in sleep when the read is broken off, and when the bus closes', async () => {
    const section = { sensor: 'sds011', dutyCycle: true, warmUp: '9s' } as const;
    const { bus, sent } = open(await simulate(section, ['pm2_5']));
    const gone = new AbortController();
    const reading = read(bus, section, ['pm2_5'], gone.signal);
    await eventually(() => sent.includes(WAKE_SDS), 10_000);
    gone.abort(new Error('gone'));
    await expect(reading).rejects.toThrow('gone');
    await eventually(() => sent.at(-1) === SLEEP_SDS, 10_000);
    const second = read(bus, section, ['pm2_5']);
    await eventually(() => sent.filter((each) => each === WAKE_SDS).length === 2, 10_000);
    await bus.close();
    expect(valuesOf(await second)).toEqual(['closed']);
    expect(sent.at(-1)).toBe(SLEEP_SDS);
  });

  test('that was given up leaves a sensor asleep, which is woken and doubted', async () => {
    const cycle = { sensor: 'sds011', dutyCycle: true } as const;
    const port = await simulate(cycle, ['pm2_5']);
    const before = open(port);
    await read(before.bus, cycle, ['pm2_5']);
    await before.bus.close();
    const { bus, sent } = open(port, 1_500);
    const [sample] = await read(bus, { sensor: 'sds011' }, ['pm2_5']);
    expect(sample).toMatchObject({ value: 10, doubt: { reason: 'warm-up' } });
    expect(sent).toContain(WAKE_SDS);
  });
});
