import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Channel } from '../../../drivers/channel/channel.js';
import { ByteTime } from '../../../drivers/modbus/byte-time.js';
import { createModbus } from '../../../drivers/modbus/modbus.js';
import { always, point, tcpBus } from '../../support/modbus.js';
import { JumpingClock } from '../../support/paced-line.js';

const anyReplies = fc.array(
  fc.record({
    unit: fc.integer({ min: 1, max: 3 }),
    bytes: fc.integer({ min: 1, max: 125 }).map((registers) => 2 * registers),
  }),
  { minLength: 30, maxLength: 80 },
);

test('the time of a byte is found beside the turnaround of each unit, however slow they are', () => {
  const turnarounds = fc.tuple(...[1, 2, 3].map(() => fc.integer({ min: 0, max: 500 })));
  const byteMs = fc.double({ min: 0, max: 10, noNaN: true });
  fc.assert(
    fc.property(anyReplies, turnarounds, byteMs, (replies, rest, byteMs) => {
      const times = new ByteTime();
      for (const { unit, bytes } of replies) times.learn(unit, bytes, (rest[unit - 1] ?? 0) + bytes * byteMs);
      const found = times.ms;
      if (found === undefined) return;
      expect(found).toBeCloseTo(byteMs, 6);
      for (const { unit } of replies) expect(times.restMs(unit, found)).toBeCloseTo(rest[unit - 1] ?? 0, 3);
    }),
  );
});

test('replies of one size say nothing, and unsteady ones nothing false', () => {
  const one = new ByteTime();
  for (let reply = 0; reply < 1000; reply++) one.learn(1, 40, 20 + (reply % 7));
  expect(one.ms).toBeUndefined();
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 8, noNaN: true }), { minLength: 200 }), (noise) => {
      const times = new ByteTime();
      noise.forEach((ms, reply) =>
        times.learn(1, reply % 2 === 0 ? 4 : 200, 20 + ms + (reply % 2 === 0 ? 4 : 200)),
      );
      const mean = (odd: number) => {
        const own = noise.filter((_, reply) => reply % 2 === odd);
        return own.reduce((sum, ms) => sum + ms, 0) / own.length;
      };
      expect(Math.abs((times.ms ?? 1) - (1 + (mean(1) - mean(0)) / 196))).toBeLessThan(0.02);
    }),
    { numRuns: 50 },
  );
});

/** A gateway with a serial line behind it: answers register after register with its address, each as slow as the line. */
const gateway = (clock: JumpingClock, byteMs: number, turnaroundMs: number, asked: number[]): Channel => {
  let hear: ((bytes: Uint8Array) => void) | undefined;
  return {
    write: async (request) => {
      const view = new DataView(request.buffer, request.byteOffset);
      const [address, count] = [view.getUint16(8), view.getUint16(10)];
      asked.push(count);
      const reply = new DataView(new ArrayBuffer(9 + 2 * count));
      reply.setUint16(0, view.getUint16(0));
      reply.setUint16(4, 3 + 2 * count);
      reply.setUint8(6, view.getUint8(6));
      reply.setUint8(7, view.getUint8(7));
      reply.setUint8(8, 2 * count);
      for (let place = 0; place < count; place++) reply.setUint16(9 + 2 * place, address + place);
      const unsteady = (asked.length * 7) % 5;
      clock.at(clock.now() + turnaroundMs + unsteady + 2 * count * byteMs, () =>
        hear?.(new Uint8Array(reply.buffer)),
      );
    },
    onData: (listener) => (hear = listener),
    onClose: () => {},
    close: () => Promise.resolve(),
  };
};

/** Polls points 20 registers apart, and gives what the last polls asked for. */
const settle = async (
  byteMs: number,
  turnaroundMs: number,
): Promise<{ counts: readonly number[]; ms: number }> => {
  const clock = new JumpingClock();
  const asked: number[] = [];
  const bus = createModbus().openBus(tcpBus(502, { timeoutMs: 3000 }), {
    openChannel: () => Promise.resolve(gateway(clock, byteMs, turnaroundMs, asked)),
    now: () => clock.now(),
    delay: clock.delay,
  });
  const points = Array.from({ length: 6 }, (_, index) => point(`p${index}`, { address: 20 * index }));
  const read = () =>
    clock.runUntil(bus.read({ unit: { address: '1', maxRegisters: 125 }, points }, always()));
  for (let poll = 0; poll < 40; poll++)
    expect((await read()).map(({ value }) => value)).toEqual(points.map(({ register }) => register.address));
  asked.length = 0;
  const start = clock.now();
  await read();
  return { counts: asked, ms: clock.now() - start };
};

test('behind a gateway gaps are read only where its hidden line is fast enough', async () => {
  // 19 registers in vain take 43 ms at 9600 baud, 3.6 ms at 115200, and nothing where no line is.
  const nineSix = 11 / 9.6;
  expect((await settle(nineSix, 20)).counts).toEqual([1, 1, 1, 1, 1, 1]);
  expect((await settle(nineSix, 120)).counts).toEqual([101]);
  expect((await settle(11 / 115.2, 20)).counts).toEqual([101]);
  expect((await settle(0, 5)).counts).toEqual([101]);
});

test('what a plan takes behind a gateway stays near the cheapest, at any speed and turnaround', async () => {
  const byteTimes = fc.constantFrom(0, 11 / 115.2, 11 / 38.4, 11 / 19.2, 11 / 9.6, 11 / 2.4);
  await fc.assert(
    fc.asyncProperty(byteTimes, fc.integer({ min: 2, max: 200 }), async (byteMs, turnaroundMs) => {
      const { ms } = await settle(byteMs, turnaroundMs);
      const [parted, whole] = [6 * (turnaroundMs + 2 * byteMs), turnaroundMs + 202 * byteMs];
      // 4 ms for each request come from the unsteadiness of the gateway.
      expect(ms).toBeLessThanOrEqual(1.2 * Math.min(parted, whole) + 24);
    }),
    { numRuns: 12 },
  );
});
