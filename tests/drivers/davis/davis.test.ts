import { readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { expect, it, onTestFinished } from 'vitest';
import { packagedProfiles } from '../../../agent/twin/packaged.js';
import { createDavis } from '../../../drivers/davis/davis.js';
import { decodePacket } from '../../../drivers/davis/decode-packet.js';
import { davisDialect } from '../../../drivers/davis/dialect.js';
import { writePacket } from '../../../drivers/davis/simulator/write-packet.js';
import type { Bus } from '../../../drivers/driver.js';
import type { Sample } from '../../../drivers/sample.js';
import { loadProfile } from '../../../drivers/profile-file.js';
import { isFieldPoint } from '../../../drivers/profile.js';
import type { SimulatorFaults } from '../../../drivers/simulator/faults.js';
import { createPointValues } from '../../../drivers/simulator/point-values.js';
import { startSimulator } from '../../../drivers/simulator/start-simulator.js';
import { samplesOf } from '../../../drivers/telegram/samples-of.js';
import { TelegramError } from '../../../drivers/telegram/telegram-error.js';
import { always, busDeps } from '../../support/modbus.js';

const folder = new URL('../../../drivers/davis/cases', import.meta.url).pathname;
const Expected = Type.Object({
  cite: Type.String(),
  collector: Type.Optional(Type.String()),
  fields: Type.Optional(Type.Record(Type.String(), Type.Union([Type.Number(), Type.Null()]))),
  error: Type.Optional(Type.String()),
});

it.each(readdirSync(folder))('case %s', (name) => {
  const bytes = Uint8Array.from(
    Buffer.from(readFileSync(join(folder, name, 'input.hex'), 'utf8').replaceAll(/\s/g, ''), 'hex'),
  );
  const expected: unknown = JSON.parse(readFileSync(join(folder, name, 'expected.json'), 'utf8'));
  if (!Value.Check(Expected, expected)) throw new Error(`${name}: expected.json is not understood`);
  if (expected.error !== undefined) {
    expect(() => decodePacket(bytes, undefined)).toThrow(expect.objectContaining({ code: expected.error }));
    return;
  }
  const { fields } = decodePacket(bytes, { collector: expected.collector });
  const stated = Object.entries(expected.fields ?? {});
  expect(stated.length).toBeGreaterThan(10);
  expect(stated.map(([field]) => [field, fields.get(field)?.value])).toEqual(stated);
});

const profile = loadProfile([packagedProfiles], 'davis/vantage-pro2');
const points = profile.points.filter(isFieldPoint);

it('reads back what the simulator writes, as finely as the packet can say it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 0, max: 3e7 }), (seed, second) => {
      const values = createPointValues(seed);
      const time = Date.UTC(2026, 0) + 1000 * second;
      const read = [
        ...samplesOf(points, decodePacket(writePacket('LOOP', profile, values, time), profile.section), 0),
        ...samplesOf(points, decodePacket(writePacket('LOOP2', profile, values, time), profile.section), 0),
      ];
      for (const key of ['air_temperature', 'relative_humidity', 'wind_speed', 'solar_irradiance']) {
        const point = points.find((each) => each.key === key);
        const sample = read.find((each) => each.point === key);
        if (point === undefined || typeof sample?.value !== 'number') throw new Error(`${key} is not there`);
        expect(Math.abs(sample.value - Number(values(point, time)))).toBeLessThan(1);
      }
    }),
    { numRuns: 50 },
  );
});

it('gives a packet or a TelegramError, on any bytes', () => {
  const bytes = fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ minLength: 99, maxLength: 99 }));
  fc.assert(
    fc.property(bytes, (packet) => {
      try {
        decodePacket(packet, profile.section);
      } catch (error) {
        expect(error).toBeInstanceOf(TelegramError);
      }
    }),
  );
});

it('wants to know the size of the rain collector before it calls clicks rain', () => {
  expect(davisDialect.telegrams?.field('year_rain', undefined)).toHaveProperty('problem');
  expect(davisDialect.telegrams?.field('year_rain', { collector: '0.01 in' })).toHaveProperty('value');
  const packet = writePacket('LOOP', profile, createPointValues(1), Date.UTC(2026, 6));
  expect(decodePacket(packet, undefined).fields.get('year_rain')?.fault?.detail).toContain('collector');
});

const open = async (faults: Partial<SimulatorFaults>): Promise<Bus> => {
  const simulator = await startSimulator({
    listen: { host: '127.0.0.1', port: 0 },
    framing: 'loop',
    units: [{ address: '', profile, seed: 3 }],
    now: () => Date.UTC(2026, 10, 21, 12),
    faults,
  });
  const bus = connect(simulator.port, 100);
  onTestFinished(() => simulator.close());
  return bus;
};

const connect = (port: number, latenessMs: number): Bus => {
  const endpoint = { type: 'tcp', host: '127.0.0.1', port } as const;
  const settings = { key: 'roof', endpoint, framing: 'loop', timeoutMs: 5000, latenessMs, pauseMs: 0 };
  const bus = createDavis().openBus(settings, busDeps);
  onTestFinished(() => bus.close());
  return bus;
};

const read = (bus: Bus): Promise<readonly Sample[]> =>
  bus.read({ unit: { address: '', maxRegisters: 1, section: profile.section }, points }, always());

it('wakes the console and reads both kinds of packet', async () => {
  const samples = await read(await open({ splitRate: 1 }));
  expect(samples.map(({ point }) => point).toSorted()).toEqual(points.map(({ key }) => key).toSorted());
  expect(samples.filter(({ fault }) => fault !== undefined)).toEqual([]);
});

const packet = (kind: 'LOOP' | 'LOOP2'): Uint8Array =>
  writePacket(kind, profile, createPointValues(3), Date.UTC(2026, 10, 21, 12));

it('waits for no answer to others, neither before it asks nor when a console misses the first wakings', async () => {
  let wakings = 0;
  const server = createServer((socket) =>
    socket.on('data', (bytes) => {
      const command = bytes.toString('latin1');
      if (command.startsWith('LOOP')) socket.write(Uint8Array.of(0x06, ...packet('LOOP')));
      else if (command.startsWith('LPS')) socket.write(Uint8Array.of(0x06, ...packet('LOOP2')));
      else if (++wakings === 3) socket.write('\n\r');
    }),
  );
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const samples = await read(connect(port, 3_600_000));
  expect(wakings).toBe(3);
  expect(samples.filter(({ fault }) => fault !== undefined)).toEqual([]);
});

it('never believes a packet whose CRC is wrong', async () => {
  const samples = await read(await open({ crcRate: 1 }));
  expect(samples.length).toBe(points.length);
  expect(samples.every(({ value, fault }) => value === null && fault !== undefined)).toBe(true);
});

it('says that a console which does not wake is silent', async () => {
  const [sample] = await read(await open({ silentUnits: [''] }));
  expect(sample?.fault?.code).toBe('timeout');
});
