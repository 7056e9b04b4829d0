import { afterEach, expect, test } from 'vitest';
import { createModbus } from '../../../drivers/modbus/modbus.js';
import { always, busDeps, point, tcpBus } from '../../support/modbus.js';
import { startRtuPeer, type Answering, type PeerLine } from '../../support/modbus-peer.js';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const unit = { address: '1', maxRegisters: 125 };
const text = (id: number, value: string): number[] => [id, value.length, ...Buffer.from(value)];
const refuse = ([, code = 0]: Uint8Array, exception: number): number[] => [1, code | 0x80, exception];

const openLine = async (answer: Answering, echoes = false, more: Pick<PeerLine, 'thinks'> = {}) => {
  const peer = await startRtuPeer(answer, { echoes, ...more });
  closers.push(() => peer.close());
  const settings = { framing: 'rtu', timeoutMs: 2000, latenessMs: 200 };
  const bus = createModbus().openBus(tcpBus(peer.port, settings), busDeps);
  closers.push(() => bus.close());
  return bus;
};

test('identification is read in parts, from the highest level that the device has', async () => {
  const bus = await openLine((request) => {
    const [, , , level = 0, from = 0] = request;
    if (level === 3) return refuse(request, 3);
    const head = [1, 43, 14, level, 2];
    return from === 0
      ? [...head, 0xff, 2, 2, ...text(0, 'Acme'), ...text(1, 'T1')]
      : [...head, 0, 0, 2, ...text(2, 'V2.3'), ...text(5, 'Thermo')];
  });
  expect(await bus.identify(unit, always())).toMatchObject({
    value: { vendor: 'Acme', product: 'T1', revision: 'V2.3', modelName: 'Thermo' },
  });
  expect(bus.counters()).toMatchObject({ ok: 2, exceptions: 1, timeouts: 0 });
});

test('an identification that goes round in circles ends', async () => {
  const bus = await openLine(() => [1, 43, 14, 3, 3, 0xff, 0, 1, ...text(0, 'Acme')]);
  expect(await bus.identify(unit, always())).toMatchObject({ value: { vendor: 'Acme' } });
});

test.each([false, true])('diagnostics are told from an echo (the line echoes: %s)', async (echoes) => {
  const bus = await openLine((request) => {
    const [, code, , sub = 0] = request;
    if (code === 3) return [1, 3, 2, 0, 0];
    if (code !== 8) return refuse(request, 1);
    if (sub === 0) return [...request];
    return sub === 12 ? refuse(request, 1) : [1, 8, 0, sub, 0, 100 + sub];
  }, echoes);
  expect(await bus.diagnose(unit, always())).toMatchObject({
    value: { returnsData: true, busMessages: 111, checksumErrors: null, messages: 114, noReplies: 115 },
  });
});

test('a server id and a record of a file are read whole', async () => {
  const bus = await openLine((request) =>
    request[1] === 17
      ? [1, 17, 6, 0x42, 0xff, ...Buffer.from('SDM6')]
      : [1, 20, 6, 5, 6, 0x0d, 0xfe, 0, 0x20],
  );
  expect(await bus.reportServerId(unit, always())).toMatchObject({ value: { text: 'BÿSDM6' } });
  expect(await bus.readFile(unit, { file: 4, record: 1, count: 2 }, always())).toMatchObject({
    value: Uint8Array.of(0x0d, 0xfe, 0, 0x20),
  });
});

test('a device that knows function 23 alone is written by it', async () => {
  let held = [0, 5];
  const bus = await openLine((request) => {
    if (request[1] === 3) return [1, 3, 2, ...held];
    if (request[1] !== 23) return refuse(request, 1);
    held = Array.from(request.slice(11, 13));
    return [1, 23, 2, ...held];
  });
  const level = point('level', { address: 4 }, { writable: { min: 0, max: 100 } });
  expect(await bus.write({ unit, point: level, value: 9 }, always())).toMatchObject({
    outcome: 'written',
    before: { value: 5 },
    after: { value: 9 },
  });
});

test('a device that does not know function 6 is written by function 16', async () => {
  let held = [0, 5];
  const bus = await openLine((request) => {
    if (request[1] === 3) return [1, 3, 2, ...held];
    if (request[1] !== 16) return refuse(request, 1);
    held = Array.from(request.slice(7, 9));
    return Array.from(request.slice(0, 6));
  });
  const level = point('level', { address: 4 }, { writable: { min: 0, max: 100 } });
  expect(await bus.write({ unit, point: level, value: 9 }, always())).toMatchObject({
    outcome: 'written',
    after: { value: 9 },
  });
});

test('a device that is quick to be read, and slow to be written, is waited for', async () => {
  let held = [0, 5];
  let slow = 0;
  const answer: Answering = (request) => {
    if (request[1] === 3) return [1, 3, 2, ...held];
    held = Array.from(request.slice(4, 6));
    return [...request];
  };
  const bus = await openLine(answer, false, { thinks: ([, code]) => (code === 6 ? slow : 0) });
  const level = point('level', { address: 4 }, { writable: { min: 0, max: 100 } });
  for (let time = 0; time < 6; time++) await bus.read({ unit, points: [level] }, always());
  slow = Math.min(1600, (bus.unitCounters('1')?.timeoutMs ?? 0) + 400);
  expect(await bus.write({ unit, point: level, value: 9 }, always())).toMatchObject({ outcome: 'written' });
  expect(bus.unitCounters('1')).toMatchObject({ timeouts: 0, lateReplies: 0 });
});

test('a device keeps the pause that it needs, and its neighbours do not', async () => {
  const asked: [number, number][] = [];
  const bus = await openLine((request) => {
    asked.push([request[0] ?? 0, performance.now()]);
    return [request[0] ?? 0, 3, 2, 0, 0];
  });
  const read = (address: string, pauseMs: number) =>
    bus.read({ unit: { ...unit, address, pauseMs }, points: [point('a', {})] }, always());
  await read('1', 300);
  const first = asked[0]?.[1] ?? 0;
  await read('2', 0);
  await read('1', 300);
  expect(asked.map(([number]) => number)).toEqual([1, 2, 1]);
  expect((asked[2]?.[1] ?? 0) - first).toBeGreaterThanOrEqual(300);
  expect((asked[1]?.[1] ?? 0) - first).toBeLessThan((asked[2]?.[1] ?? 0) - first);
});
