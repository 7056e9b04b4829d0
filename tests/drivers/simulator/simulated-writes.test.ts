import { afterEach, expect, test } from 'vitest';
import { createModbus } from '../../../drivers/modbus/modbus.js';
import type { ModbusBus } from '../../../drivers/modbus/modbus-bus.js';
import type { Profile } from '../../../drivers/profile.js';
import { readWriteRegisters } from '../../../drivers/modbus/request.js';
import { answerRequest } from '../../../drivers/modbus/simulator/answer-request.js';
import { createRegisterImage } from '../../../drivers/modbus/simulator/register-image.js';
import { startSimulator } from '../../../drivers/simulator/start-simulator.js';
import { always, busDeps, point, profile, tcpBus } from '../../support/modbus.js';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const writable = { min: 0, max: 100_000 };
const points = {
  level: point('level', { address: 4 }, { writable }),
  wide: point('wide', { address: 10, type: 'uint32', order: 'CDAB' }, { writable, valueType: 'integer' }),
  relay: point('relay', { table: 'coil', type: 'bool', address: 3 }, { writable, valueType: 'state' }),
  bit: point('bit', { address: 20, type: 'bool', bit: 5 }, { writable, valueType: 'state' }),
  digits: point('digits', { address: 24, type: 'bcd32', order: 'CDAB' }, { writable }),
  mode: point('mode', { address: 26, mask: 0x00f0 }, { writable }),
  half: point('half', { address: 26, type: 'int8h' }, { writable }),
  fixed: point('fixed', { address: 30 }),
};

const serve = async (more: Partial<Profile> = {}): Promise<ModbusBus> => {
  const simulator = await startSimulator({
    listen: { host: '127.0.0.1', port: 0 },
    framing: 'rtu',
    units: [
      { address: '1', profile: { ...profile(Object.values(points)), ...more }, seed: 1, values: () => 0 },
    ],
    now: () => 0,
  });
  closers.push(() => simulator.close());
  const settings = { framing: 'rtu', timeoutMs: 3000, latenessMs: 100 };
  const bus = createModbus().openBus(tcpBus(simulator.port, settings), busDeps);
  closers.push(() => bus.close());
  return bus;
};

const unit = { address: '1', maxRegisters: 125 };

test.each([
  ['a register', points.level, 77],
  ['two registers in their order', points.wide, 70_000],
  ['a coil', points.relay, 1],
  ['a bit of a register', points.bit, 1],
  ['decimal digits', points.digits, 12_345],
  ['some bits of a register', points.mode, 9],
  ['half a register', points.half, 7],
] as const)('a simulated unit holds what was written: %s', async (_, each, value) => {
  const bus = await serve();
  const result = await bus.write({ unit, point: each, value }, always());
  expect(result).toMatchObject({ outcome: 'written', before: { value: 0 }, after: { value } });
  const [again] = await bus.read({ unit, points: [each] }, always());
  expect(again?.value).toBe(value);
});

test('a simulated unit refuses to be written where its profile does not say so, and then holds what it held', () => {
  const image = createRegisterImage(profile(Object.values(points)), () => 0);
  const write = (address: number) => {
    const { pdu } = readWriteRegisters({ address: 4, count: 1 }, { address, bytes: Uint8Array.of(0, 9) });
    return answerRequest(pdu, image, 125, 0);
  };
  expect(write(30)).toEqual(Uint8Array.of(23 | 0x80, 2));
  expect(image.read('holding', 30, 1, 0)).toEqual(Uint8Array.of(0, 0));
  expect(write(4)).toEqual(Uint8Array.of(23, 2, 0, 9));
});

test('a simulated unit says who it is, as its profile expects it to', async () => {
  const device = { vendor: 'Acme', product: 'T1' };
  const bus = await serve({ identity: { registers: [], device } });
  expect(await bus.identify(unit, always())).toMatchObject({ value: device });
  expect(await bus.reportServerId(unit, always())).toMatchObject({ value: {} });
});
