import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { ModbusBus } from '../../../drivers/modbus/modbus-bus.js';
import { createModbus } from '../../../drivers/modbus/modbus.js';
import {
  compileLibmodbusServer,
  libmodbusAvailable,
  startLibmodbusServer,
  type LibmodbusServer,
} from '../../support/libmodbus/libmodbus.js';
import { always, busDeps, point, tcpBus } from '../../support/modbus.js';
import { programAvailable } from '../../support/programs.js';
import { plugSerialPair, type SerialPair } from '../../support/serial-pair.js';

const unit = { address: '7', maxRegisters: 125 };
const anyNumber = { writable: { min: -1e9, max: 1e9 } };
const speed = point('speed', { address: 20, type: 'int16' }, { scale: 0.1, ...anyNumber });
const wide = point('wide', { address: 30, type: 'int32', order: 'CDAB' }, anyNumber);
const real = point('real', { address: 40, type: 'float32', order: 'ABCD' }, anyNumber);
const relay = point('relay', { table: 'coil', type: 'bool', address: 5 }, anyNumber);
const flag = point('flag', { address: 50, type: 'bool', bit: 3 }, anyNumber);

let folder: string;
let program: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'libmodbus-'));
  if (libmodbusAvailable()) program = compileLibmodbusServer(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(!libmodbusAvailable() || !programAvailable('socat')).each(['tcp', 'rtu'] as const)(
  'a libmodbus server over %s',
  (framing) => {
    let server: LibmodbusServer;
    let pair: SerialPair | undefined;
    let bus: ModbusBus;
    beforeEach(async () => {
      pair = framing === 'rtu' ? await plugSerialPair(folder) : undefined;
      server = await startLibmodbusServer(program, pair === undefined ? ['tcp'] : ['rtu', pair.paths[1]]);
      const serial = { type: 'serial', baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 } as const;
      const lateness = { timeoutMs: 1500, latenessMs: 400 };
      bus = createModbus().openBus(
        pair === undefined
          ? // libmodbus takes half a second over a refusal.
            tcpBus(server.port, { timeoutMs: 1500, latenessMs: 1500 })
          : tcpBus(0, { framing: 'rtu', endpoint: { ...serial, path: pair.paths[0] }, ...lateness }),
        busDeps,
      );
    });
    afterEach(async () => {
      await bus.close();
      await server.stop();
      await pair?.pull();
    });

    test('is read right in all four tables', async () => {
      const points = [
        ...Array.from({ length: 40 }, (_, index) => point(`h${index}`, { address: 3 * index })),
        point('i9', { table: 'input', address: 9, type: 'uint32', order: 'ABCD' }),
        ...Array.from({ length: 20 }, (_, index) =>
          point(`c${index}`, { table: 'coil', type: 'bool', address: index }),
        ),
        point('d9', { table: 'discrete', type: 'bool', address: 9 }),
        point('beyond', { address: 199, type: 'uint32', order: 'ABCD' }),
      ];
      const samples = await bus.read({ unit, points }, always());
      expect(samples.map(({ value }) => value)).toEqual([
        ...Array.from({ length: 40 }, (_, index) => 1000 + 3 * index),
        2009 * 65536 + 2010,
        ...Array.from({ length: 20 }, (_, index) => Number(index % 3 === 0)),
        1,
        null,
      ]);
      expect(samples.at(-1)?.fault?.detail).toBe('illegal data address (2)');
    });

    test.each([
      ['speed', speed, -12.3],
      ['wide', wide, -70_000],
      ['real', real, 21.7],
      ['relay', relay, 1],
      ['a bit', flag, 1],
      ['the bit back', flag, 0],
    ])('holds what was written: %s', async (_, written, value) => {
      const [before] = await bus.read({ unit, points: [written] }, always());
      const result = await bus.write({ unit, point: written, value }, always());
      expect(result).toMatchObject({ outcome: 'written', before: { value: before?.value } });
      const expected = written === real ? Math.fround(21.7) : value;
      expect(result.after?.value).toBe(expected);
    });

    test('a masked write leaves the other bits of the register alone', async () => {
      const register = point('register', { address: 50 });
      await bus.write({ unit, point: flag, value: 0 }, always());
      const [held] = await bus.read({ unit, points: [register] }, always());
      expect(held?.value).toBe(1050 & ~8);
    });

    test('says who it is', async () => {
      expect(await bus.reportServerId(unit, always())).toMatchObject({
        value: { text: expect.stringContaining('LMB') },
      });
    });

    // On a serial line libmodbus cannot know where such a request ends, and stays silent.
    if (framing === 'tcp')
      test('what it does not know is a fault that says so', async () => {
        const refused = { fault: { code: 'exception', detail: 'illegal function (1)' } };
        expect(await bus.identify(unit, always())).toMatchObject(refused);
        expect(await bus.readFile(unit, { file: 4, record: 1, count: 2 }, always())).toMatchObject(refused);
      });
  },
);

describe.skipIf(!libmodbusAvailable())('a libmodbus server that refuses functions 6 and 16', () => {
  test.each([
    ['speed', speed, -12.3],
    ['wide', wide, -70_000],
  ])('is written by function 23: %s', async (_, written, value) => {
    const server = await startLibmodbusServer(program, ['tcp', 'only-23']);
    onTestFinished(() => server.stop());
    const bus = createModbus().openBus(tcpBus(server.port, { timeoutMs: 1500, latenessMs: 1500 }), busDeps);
    onTestFinished(() => bus.close());
    const result = await bus.write({ unit, point: written, value }, always());
    expect(result).toMatchObject({ outcome: 'written', after: { value } });
    expect(bus.counters().exceptions).toBe(written === speed ? 2 : 1);
    const neighbour = point('neighbour', { address: written.register.address + 2 });
    const [beside] = await bus.read({ unit, points: [neighbour] }, always());
    expect(beside?.value).toBe(1000 + written.register.address + 2);
  });
});
