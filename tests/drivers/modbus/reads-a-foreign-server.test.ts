import { afterEach, expect, test } from 'vitest';
import { createModbus } from '../../../drivers/modbus/modbus.js';
import { openForeignServer } from '../../support/foreign-server.js';
import { always, busDeps, point, tcpBus } from '../../support/modbus.js';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

test('all four tables of a server that is not ours are read right', async () => {
  const { port, close } = await openForeignServer(
    {
      getHoldingRegister: (address: number) => 1000 + address,
      getInputRegister: (address: number) => [0x4366, 0x3333][address] ?? 0,
      getCoil: (address: number) => address % 3 === 0,
      getDiscreteInput: (address: number) => address === 9,
    },
    7,
  );
  closers.push(close);
  const bus = createModbus().openBus(tcpBus(port), busDeps);
  closers.push(() => bus.close());
  const points = [
    point('h10', { address: 10 }),
    point('h12', { address: 12, type: 'uint32', order: 'CDAB' }, { scale: 0.01 }),
    point('voltage', { table: 'input', type: 'float32', order: 'ABCD' }),
    ...Array.from({ length: 12 }, (_, index) =>
      point(`c${index}`, { table: 'coil', type: 'bool', address: index }),
    ),
    point('d9', { table: 'discrete', type: 'bool', address: 9 }),
    point('d8', { table: 'discrete', type: 'bool', address: 8 }),
  ];
  const samples = await bus.read({ unit: { address: '7', maxRegisters: 125 }, points }, always());
  expect(samples.map(({ point, value }) => [point, value])).toEqual([
    ['h10', 1010],
    ['h12', (1013 * 65536 + 1012) / 100],
    ['voltage', Math.fround(230.2)],
    ...Array.from({ length: 12 }, (_, index) => [`c${index}`, index % 3 === 0 ? 1 : 0]),
    ['d9', 1],
    ['d8', 0],
  ]);
  expect(samples[0]?.raw).toEqual(Uint8Array.of(0x03, 0xf2));
  expect(bus.counters()).toMatchObject({ requests: 4, ok: 4, timeouts: 0 });
});
