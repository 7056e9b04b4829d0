import { expect, test } from 'vitest';
import { withCrc } from '../../../drivers/modbus/crc16.js';
import { createModbus } from '../../../drivers/modbus/modbus.js';
import { always, point } from '../../support/modbus.js';
import {
  createPacedLine,
  JumpingClock,
  registersReply,
  type PacedReply,
  type SeenRequest,
} from '../../support/paced-line.js';

const LATENESS_MS = 1000;

const openBus = (answer: (request: SeenRequest, at: number) => PacedReply | undefined) => {
  const clock = new JumpingClock();
  const asked: (SeenRequest & { readonly at: number })[] = [];
  const line = createPacedLine({
    characterMs: 1,
    turnaroundMs: 20,
    clock,
    answer: (request) => {
      asked.push({ ...request, at: clock.now() });
      return answer(request, clock.now());
    },
  });
  const bus = createModbus().openBus(
    {
      key: 'line',
      endpoint: { type: 'serial', path: 'x', baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 },
      framing: 'rtu',
      timeoutMs: 200,
      latenessMs: LATENESS_MS,
      pauseMs: 0,
    },
    { openChannel: () => Promise.resolve(line), now: () => clock.now(), delay: clock.delay },
  );
  const read = (address: string) =>
    clock.runUntil(
      bus.read({ unit: { address, maxRegisters: 125 }, points: [point('p', { address: 7 })] }, always()),
    );
  return { bus, clock, asked, read };
};

const sound = (request: SeenRequest, value: number): PacedReply => ({
  frame: registersReply(request, Uint8Array.of(value >> 8, value & 0xff)),
});

test('a line is asked nothing at the start until no reply to an earlier process can come', async () => {
  const { asked, read } = openBus((request) => sound(request, request.unit));
  expect((await read('1'))[0]?.value).toBe(1);
  expect(asked[0]?.at).toBeGreaterThanOrEqual(LATENESS_MS);
});

test('a silent unit keeps the others waiting for silence only, and itself for its lateness', async () => {
  const { asked, read } = openBus((request) =>
    request.unit === 9 ? undefined : sound(request, request.unit),
  );
  expect((await read('1'))[0]?.value).toBe(1);
  expect((await read('9'))[0]?.fault?.code).toBe('timeout');
  expect((await read('2'))[0]?.value).toBe(2);
  expect((await read('9'))[0]?.fault?.code).toBe('timeout');
  const [, silent, other, again] = asked;
  expect((other?.at ?? 0) - (silent?.at ?? 0)).toBeLessThan(300);
  expect((again?.at ?? 0) - (silent?.at ?? 0)).toBeGreaterThanOrEqual(LATENESS_MS);
});

test("a late reply in the middle of another unit's poll costs that one no value, and is counted where it belongs", async () => {
  let first = true;
  const { bus, read } = openBus((request) => {
    if (request.unit !== 9 || !first) return sound(request, request.unit);
    first = false;
    return { ...sound(request, 0xdead), extraMs: 260 };
  });
  expect((await read('9'))[0]?.fault?.code).toBe('timeout');
  expect((await read('2'))[0]?.value).toBe(2);
  expect((await read('9'))[0]?.value).toBe(9);
  expect(bus.unitCounters('9')).toMatchObject({ timeouts: 1, lateReplies: 1, ok: 1 });
  expect(bus.unitCounters('2')).toMatchObject({ ok: 1, lateReplies: 0 });
});

test('a late reply that an adapter hands over in pieces is let pass whole before another unit is asked', async () => {
  let first = true;
  const { asked, read } = openBus((request) => {
    if (request.unit !== 9 || !first) return sound(request, request.unit);
    first = false;
    return { ...sound(request, 0xdead), extraMs: 215, piece: 2, heldMs: 20 };
  });
  expect((await read('9'))[0]?.fault?.code).toBe('timeout');
  expect((await read('2'))[0]?.value).toBe(2);
  expect(asked.map(({ unit }) => unit)).toEqual([9, 2]);
});

test('a unit seen to answer later than stated is given longer from then on', async () => {
  let late = true;
  const { clock, asked, read } = openBus((request) =>
    late ? { ...sound(request, 5), extraMs: 1200 } : sound(request, 5),
  );
  await read('5');
  await clock.runUntil(clock.delay(1500));
  await read('5');
  late = false;
  expect((await read('5'))[0]?.value).toBe(5);
  const [, second, third] = asked;
  expect((third?.at ?? 0) - (second?.at ?? 0)).toBeGreaterThan(1.5 * LATENESS_MS);
});

test('an exception of another unit is not taken for the reply of the one asked', async () => {
  const { read } = openBus((request) => ({
    frame: withCrc(Uint8Array.of(request.unit + 1, request.function | 0x80, 2)),
  }));
  expect((await read('1'))[0]?.fault?.code).toBe('frame');
});
