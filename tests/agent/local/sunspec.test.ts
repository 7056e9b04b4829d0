import { afterEach, expect, test } from 'vitest';
import { sunSpecProfile } from '../../../agent/local/sunspec-profile.js';
import { loadCatalogue } from '../../../agent/twin/catalogue.js';
import { packagedCatalogue } from '../../../agent/twin/packaged.js';
import type { Bus } from '../../../drivers/driver.js';
import { createModbus } from '../../../drivers/modbus/modbus.js';
import { discoverChain, type SunSpecChain } from '../../../drivers/modbus/sunspec/discover-chain.js';
import { SunSpecError } from '../../../drivers/modbus/sunspec/sunspec-error.js';
import { parseProfile } from '../../../drivers/profile-file.js';
import { lintProfile } from '../../../drivers/profile-lint.js';
import { openForeignServer } from '../../support/foreign-server.js';
import { always, busDeps, tcpBus } from '../../support/modbus.js';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const catalogue = loadCatalogue(packagedCatalogue);

type Registers = Map<number, number>;

/** A device whose server is not ours, and refuses what it has no register for. */
const serve = async (registers: Registers): Promise<Bus> => {
  const getHoldingRegister = (address: number): number => {
    const value = registers.get(address);
    if (value === undefined) throw Object.assign(new Error('no such register'), { modbusErrorCode: 2 });
    return value;
  };
  const { port, close } = await openForeignServer({ getHoldingRegister }, 1);
  closers.push(close);
  const bus = createModbus().openBus(tcpBus(port), busDeps);
  closers.push(() => bus.close());
  return bus;
};

const words = (hex: string): readonly number[] => {
  const bytes = Buffer.from(hex.replaceAll(/\s/g, ''), 'hex');
  return Array.from({ length: bytes.length / 2 }, (_, index) => bytes.readUInt16BE(2 * index));
};
const text = (value: string, registers: number): readonly number[] =>
  words(Buffer.from(value.padEnd(2 * registers, '\0'), 'latin1').toString('hex'));
const COMMON = [
  ...text('SolarEdge', 16),
  ...text('SE10K-RWS48BNN4', 16),
  ...text('', 8),
  ...text('0004.001', 8),
  ...text('7E1A2B3C', 16),
  1,
];
const MARK = words('53756e53');

/** A device's registers: mark, models one after the other, end. */
const device = (models: readonly (readonly [number, readonly number[]])[], base = 40_000): Registers => {
  const all = [...MARK, ...models.flatMap(([id, data]) => [id, data.length, ...data]), 0xffff, 0];
  return new Map(all.map((value, index) => [base + index, value]));
};

/** What a SolarEdge SE10K gave for model 103 (github.com/evcc-io/evcc, issue 12708). */
const INVERTER = words(`
  0942 030d 031d 0317 fffe 0fae 0fbe 0fb7 090b 090a 0921 ffff 1590 0000 1384 fffe 1598 0000 f3b2 ffff d901 fffe
  01fc6b62 0000 1cbe fffd 1dc0 ffff 15e4 0000 8000 144d 8000 8000 fffe 0004 0000 ffff ffff ffff ffff 0000 0000
  ffff ffff ffff ffff 0000 0000`);

const find = async (bus: Bus): Promise<SunSpecChain> => {
  const chain = await discoverChain(bus, '1', always());
  if (chain === undefined) throw new Error('no SunSpec device');
  return chain;
};
const profileOf = (chain: SunSpecChain) =>
  parseProfile(sunSpecProfile(chain, { day: '2026-11-21' }), 'found.yaml', 'solaredge/found', catalogue);
const readAll = async (bus: Bus, chain: SunSpecChain): Promise<Record<string, unknown>> => {
  const { points, maxRegisters } = profileOf(chain);
  const samples = await bus.read({ unit: { address: '1', maxRegisters }, points }, always());
  return Object.fromEntries(samples.map(({ point, value, fault }) => [point, fault?.code ?? value]));
};

test('an inverter that tells its own map is read to what its capture means', async () => {
  const bus = await serve(
    device([
      [1, COMMON],
      [103, INVERTER],
    ]),
  );
  const chain = await find(bus);
  expect(chain).toEqual({
    base: 40_000,
    maker: 'SolarEdge',
    model: 'SE10K-RWS48BNN4',
    version: '0004.001',
    serial: '7E1A2B3C',
    models: [
      { id: 1, address: 40_002, length: 65 },
      { id: 103, address: 40_069, length: 50 },
    ],
  });
  expect(await readAll(bus, chain)).toEqual({
    current: 23.7,
    current_l1: 7.81,
    current_l2: 7.97,
    current_l3: 7.91,
    voltage_l1: 231.5,
    voltage_l2: 231.4,
    voltage_l3: 233.7,
    active_power: 5520,
    frequency: 49.96,
    apparent_power: 5528,
    reactive_power: -315,
    energy: 33_319_778,
    dc_current: 7.358,
    dc_voltage: 761.6,
    dc_power: 5604,
    cabinet_temperature: 'sentinel',
    heat_sink_temperature: 51.97,
    state: 4,
  });
});

test('a power of ten that changes while the device runs is followed', async () => {
  const registers = device([
    [1, COMMON],
    [103, INVERTER],
  ]);
  const bus = await serve(registers);
  const chain = await find(bus);
  expect((await readAll(bus, chain))['active_power']).toBe(5520);
  registers.set(40_069 + 14, 552).set(40_069 + 15, 1);
  expect((await readAll(bus, chain))['active_power']).toBe(5520);
});

test('the profile that is written has nothing to mend, and knows the device again', async () => {
  const bus = await serve(
    device([
      [1, COMMON],
      [103, INVERTER],
    ]),
  );
  const profile = profileOf(await find(bus));
  expect(lintProfile(profile).filter(({ level }) => level !== 'note')).toEqual([]);
  expect(profile.identity?.registers).toHaveLength(3);
  expect(profile.maker).toBe('SolarEdge');
});

test.each([50_000, 0])('a chain may begin at %i', async (base) => {
  const bus = await serve(
    device(
      [
        [1, COMMON],
        [103, INVERTER],
      ],
      base,
    ),
  );
  const chain = await find(bus);
  expect(chain.base).toBe(base);
  expect((await readAll(bus, chain))['dc_voltage']).toBe(761.6);
});

test('a common model of 66 registers and models that are unknown are passed over', async () => {
  const bus = await serve(
    device([
      [1, [...COMMON, 0x8000]],
      [120, Array.from({ length: 26 }, () => 7)],
      [103, INVERTER],
    ]),
  );
  const chain = await find(bus);
  expect(chain.models.map(({ id, address }) => [id, address])).toEqual([
    [1, 40_002],
    [120, 40_070],
    [103, 40_098],
  ]);
  expect((await readAll(bus, chain))['frequency']).toBe(49.96);
});

/** Model 160: exponents −2, −1, 0, an exponent of energy, events, number of inputs, period; then each input. */
const input = (id: number, current: number, voltage: number, power: number): readonly number[] => [
  id,
  ...text(`PV ${id}`, 8),
  current,
  voltage,
  power,
  0,
  0,
  0,
  0,
  0x8000,
  0xffff,
  0,
  0,
];

test('inputs are told apart, the exponents before them', async () => {
  const inputs = [...words('fffe ffff 0000 0000 0000 0000'), 2, 0xffff];
  const bus = await serve(
    device([
      [1, COMMON],
      [103, INVERTER],
      [160, [...inputs, ...input(1, 812, 3801, 3086), ...input(2, 0xffff, 3650, 0)]],
    ]),
  );
  const chain = await find(bus);
  expect(await readAll(bus, chain)).toMatchObject({
    input1_dc_current: 8.12,
    input1_dc_voltage: 380.1,
    input1_dc_power: 3086,
    input2_dc_current: 'sentinel',
    input2_dc_voltage: 365,
    input2_dc_power: 0,
  });
});

/** A meter beside an inverter (github.com/evcc-io/evcc, issue 15445), up to its power's exponent. */
const METER = words(`
  0067 0030 0008 002e ffff 5bfd 5bfd 5c4f 5a69 0000 0000 0000 0000 fffe 1385 fffe ffc6 043f ff85 fc02 0000`);

test('a meter is told from the inverter that it stands beside', async () => {
  const meter = [...METER, ...Array.from({ length: 105 - METER.length }, () => 0x8000)];
  const bus = await serve(
    device([
      [1, COMMON],
      [103, INVERTER],
      [203, meter],
    ]),
  );
  expect(await readAll(bus, await find(bus))).toMatchObject({
    active_power: 5520,
    meter_current: 10.3,
    meter_voltage_l1: 235.49,
    meter_frequency: 49.97,
    meter_active_power: -58,
    meter_active_power_l3: -1022,
    meter_energy_import: 'sentinel',
  });
});

const float = (value: number): readonly number[] => {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatBE(value);
  return words(bytes.toString('hex'));
};

test('an inverter of one phase that gives floats has the points of one phase', async () => {
  const data = Array.from({ length: 30 }, () => float(Number.NaN)).flat();
  const put = (offset: number, value: number) => data.splice(offset - 2, 2, ...float(value));
  put(2, 4.5);
  put(16, 230.25);
  put(22, 1035);
  put(32, 1_250_000);
  data[46] = 4;
  const bus = await serve(
    device([
      [1, COMMON],
      [111, data],
    ]),
  );
  const values = await readAll(bus, await find(bus));
  expect(values).toMatchObject({ current: 4.5, active_power: 1035, energy: 1_250_000, state: 4 });
  expect(values).toHaveProperty('voltage_l1');
  expect(values).not.toHaveProperty('voltage_l2');
});

test('what is no SunSpec device is none', async () => {
  const bus = await serve(new Map([[40_000, 17]]));
  expect(await discoverChain(bus, '1', always())).toBeUndefined();
});

test('a chain that begins wrong is refused', async () => {
  const bus = await serve(device([[103, INVERTER]]));
  await expect(find(bus)).rejects.toMatchObject({ code: 'chain', retryable: false });
});

test('a chain that breaks off is refused', async () => {
  const registers = device([[1, COMMON]]);
  registers.delete(40_069);
  const bus = await serve(registers);
  await expect(find(bus)).rejects.toMatchObject({ code: 'line', retryable: true });
});

test('a chain without an end is refused', async () => {
  const bus = await serve(device(Array.from({ length: 80 }, () => [1, [0]] as const)));
  await expect(find(bus)).rejects.toBeInstanceOf(SunSpecError);
});
