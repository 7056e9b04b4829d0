import { afterEach, describe, expect, test } from 'vitest';
import { createSdi12Bus, type Sdi12Bus } from '../../../drivers/sdi12/sdi12-bus.js';
import type { BusDeps, UnitSettings } from '../../../drivers/driver.js';
import type { FieldPoint, Profile } from '../../../drivers/profile.js';
import type { SimulatorFaults } from '../../../drivers/simulator/faults.js';
import { startSimulator, type Simulator } from '../../../drivers/simulator/start-simulator.js';
import { always, busDeps, tcpBus } from '../../support/modbus.js';

const point = (key: string, field: string): FieldPoint => ({
  key,
  field,
  name: key,
  kind: 'gauge',
  property: 'unknown',
  unit: '1',
  valueType: 'float',
  scale: 1,
  offset: 0,
});

const LEVEL = point('level', 'M.1');
const COLD = point('cold', 'M.2');
const FAST = point('fast', 'R0.1');
const BOTH = point('both', 'C.12');
const MANY = point('many', 'HA.40');
const PACKED = point('packed', 'HB.300');
const EXTRA = point('extra', 'XQ.1');
const CHECK = point('check', 'V.1');
const ALL = [LEVEL, COLD, FAST, BOTH, MANY, PACKED, EXTRA, CHECK];
const VALUES: Readonly<Record<string, number>> = {
  level: 1.25,
  cold: -0.5,
  fast: 3,
  both: 12.5,
  many: 40.25,
  packed: 300.5,
  extra: 7,
  check: 1,
};

const profile: Profile = {
  id: 'test/probe',
  maker: 'Test',
  model: 'Probe',
  protocol: 'sdi12',
  source: { document: 'none', synthetic: true },
  maxRegisters: 1,
  minIntervalMs: 1,
  defaultIntervalMs: 1000,
  points: ALL,
  hash: '00',
};

const running: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of running.splice(0).toReversed()) await each.close();
});

const simulate = async (
  addresses: readonly string[],
  faults: Partial<SimulatorFaults> = {},
): Promise<Simulator> => {
  const simulator = await startSimulator({
    listen: { host: '127.0.0.1', port: 0 },
    framing: 'sdi12',
    units: addresses.map((address) => ({
      address,
      profile,
      seed: 1,
      values: ({ key }) => VALUES[key] ?? 0,
    })),
    now: () => 0,
    faults,
  });
  running.push(simulator);
  return simulator;
};

/** Patient where an answer comes; where none does, `timeoutMs` is what the test takes. */
const open = (port: number, timeoutMs = 5_000): Sdi12Bus => {
  const bus = createSdi12Bus(tcpBus(port, { framing: 'sdi12', timeoutMs, latenessMs: 50 }), busDeps);
  running.push(bus);
  return bus;
};

const unit = (address: string, parts: Partial<UnitSettings> = {}): UnitSettings => ({
  address,
  maxRegisters: 1,
  ...parts,
});

const meant = (vendor: string): UnitSettings =>
  unit('0', { identity: { registers: [], device: { vendor } } });

const read = async (bus: Sdi12Bus, points: readonly FieldPoint[], of = unit('0')) => {
  const samples = await bus.read({ unit: of, points }, always());
  return Object.fromEntries(samples.map(({ point: key, value, fault }) => [key, value ?? fault?.code]));
};

describe('a sensor that is asked', () => {
  test.each([
    ['an adapter that is silent about what it sends', {}],
    ['an adapter that echoes, with replies in pieces', { echo: true, splitRate: 1, turnaroundMs: 5 }],
  ])('gives the values of every kind of measurement, through %s', async (_, faults) => {
    const bus = open((await simulate(['0'], faults)).port);
    expect(await read(bus, ALL)).toEqual(VALUES);
    expect(await read(bus, [LEVEL, FAST, BOTH], unit('0', { section: { crc: true } }))).toEqual({
      level: 1.25,
      fast: 3,
      both: 12.5,
    });
  });

  test('says for each measurement that it does not have that it has none', async () => {
    const bus = open((await simulate(['0'])).port);
    const samples = await read(bus, [point('none', 'M7.1'), point('beyond', 'M.3'), LEVEL]);
    expect(samples).toEqual({ none: 'exception', beyond: 'decode', level: 1.25 });
  });

  test('is not believed with damaged values, and asked again', async () => {
    const faults = { crcRate: 0.3, seed: 4 };
    const bus = open((await simulate(['0'], faults)).port, 300);
    const section = { crc: true };
    for (let round = 0; round < 3; round++) {
      const { fast } = await read(bus, [FAST], unit('0', { section }));
      expect([3, 'checksum', 'frame', 'timeout']).toContain(fast);
    }
    expect(bus.counters().requests).toBeGreaterThanOrEqual(3);
  });

  test('is told from another whose answer comes in its place', async () => {
    const bus = open((await simulate(['0'], { wrongUnitRate: 1 })).port);
    expect(await read(bus, [FAST])).toEqual({ fast: 'frame' });
  });

  test('that is not there is silent', async () => {
    const bus = open((await simulate(['0'])).port, 300);
    expect(await read(bus, [FAST], unit('5'))).toEqual({ fast: 'timeout' });
    expect(bus.unitCounters('5')).toMatchObject({ ok: 0, timeouts: 2 });
  });

  test('of another model than the profile means is not believed', async () => {
    const bus = open((await simulate(['0'])).port);
    expect(await read(bus, [LEVEL, BOTH], meant('METER'))).toEqual({ level: 'identity', both: 'identity' });
    expect(await read(bus, [LEVEL], meant('test'))).toEqual({ level: 1.25 });
  });
});

test('others have the line while concurrent measurements run', async () => {
  const addresses = ['0', '1', '2', 'a', 'B'];
  const { port } = await simulate(addresses);
  const sent: string[] = [];
  const openChannel: BusDeps['openChannel'] = async (endpoint, signal) => {
    const channel = await busDeps.openChannel(endpoint, signal);
    return {
      write: (bytes) => {
        sent.push(Buffer.from(bytes).toString('latin1'));
        return channel.write(bytes);
      },
      onData: (listener) => channel.onData(listener),
      onClose: (listener) => channel.onClose(listener),
      close: () => channel.close(),
    };
  };
  const bus = createSdi12Bus(tcpBus(port, { framing: 'sdi12', timeoutMs: 5_000, latenessMs: 50 }), {
    ...busDeps,
    openChannel,
  });
  running.push(bus);
  const all = await Promise.all(addresses.map((address) => read(bus, [BOTH], unit(address))));
  expect(all).toEqual(addresses.map(() => ({ both: 12.5 })));
  const started = sent.findIndex((command) => /^.D/.test(command));
  expect(sent.slice(0, started).filter((command) => /^.C!$/.test(command)).length).toBeGreaterThan(1);
});

describe('a technician', () => {
  test('asks for the address, changes it, and is told what is there', async () => {
    const bus = open((await simulate(['0'])).port, 1_000);
    expect(await bus.queryAddress(always())).toBe('0');
    await bus.changeAddress('0', 'k', always());
    expect(await bus.queryAddress(always())).toBe('k');
    expect(await bus.identify('k', always())).toMatchObject({ vendor: 'Test', model: 'Probe', sdi12: '1.4' });
    expect((await bus.describe('k', 'MC', always()))[1]).toMatchObject({ code: 'cold', unit: '1' });
    expect(await bus.describe('k', 'R0', always())).toMatchObject([{ code: 'fast' }]);
    await expect(bus.identify('0', always())).rejects.toMatchObject({ code: 'timeout' });
  });

  test('is told where several sensors answer at once, and none of them answers for another', async () => {
    const bus = open((await simulate(['0', '1', '2'], { turnaroundMs: 5 })).port);
    await expect(bus.queryAddress(always())).rejects.toMatchObject({ code: 'frame' });
    expect(await bus.identify('0', always())).toMatchObject({ address: '0' });
  });

  test('is kept from giving two sensors one address', async () => {
    const bus = open((await simulate(['0', '1'])).port);
    await expect(bus.changeAddress('0', '1', always())).rejects.toMatchObject({ code: 'exception' });
    expect(await bus.identify('0', always())).toMatchObject({ address: '0' });
  });
});

test('closing ends a read that waits for a measurement', async () => {
  const bus = open((await simulate(['0'])).port);
  const reading = read(bus, [BOTH]);
  await new Promise((resolve) => setTimeout(resolve, 50));
  await bus.close();
  expect(await reading).toEqual({ both: 'closed' });
});
