import * as fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import {
  AsciiFrames,
  buildAsciiFrame,
  createAsciiFraming,
  parseAsciiFrame,
} from '../../../drivers/modbus/ascii-framing.js';
import { withCrc } from '../../../drivers/modbus/crc16.js';
import { createModbus } from '../../../drivers/modbus/modbus.js';
import { startSimulator } from '../../../drivers/simulator/start-simulator.js';
import { always, busDeps, point, profile, tcpBus } from '../../support/modbus.js';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const body = fc.uint8Array({ minLength: 2, maxLength: 254 });

test('frames have the shape of the standard', () => {
  // Modbus over Serial Line 1.02, appendix B: the LRC of the request for registers 107 to 109 of unit 17.
  const request = Uint8Array.of(0x11, 0x03, 0x00, 0x6b, 0x00, 0x03);
  expect(Buffer.from(buildAsciiFrame(request)).toString('latin1')).toBe(':1103006B00037E\r\n');
});

test('every frame comes back, and none with a wrong character', () => {
  fc.assert(
    fc.property(body, fc.nat(), fc.integer({ min: 1, max: 127 }), (bytes, at, flip) => {
      const frame = buildAsciiFrame(bytes);
      expect(parseAsciiFrame(frame)).toEqual(bytes);
      const place = 1 + (at % (frame.length - 3));
      const damaged = frame.with(place, (frame[place] ?? 0) ^ flip);
      const parsed = parseAsciiFrame(damaged);
      // Small letters are the same digits.
      if (parsed !== undefined) expect(parsed).toEqual(bytes);
    }),
  );
});

test('frames are found however the characters are cut, with noise between', () => {
  fc.assert(
    fc.property(fc.array(body, { maxLength: 4 }), fc.integer({ min: 1, max: 50 }), (bodies, size) => {
      const stream = bodies.flatMap((bytes) => [0x00, ...buildAsciiFrame(bytes)]);
      const frames = new AsciiFrames();
      const found: (Uint8Array | undefined)[] = [];
      for (let at = 0; at < stream.length; at += size)
        for (const frame of frames.take(Uint8Array.from(stream.slice(at, at + size))))
          if (frame !== 'stray') found.push(parseAsciiFrame(frame));
      expect(found).toEqual(bodies);
    }),
  );
});

test('a reply of another unit or with a wrong checksum is a fault, one after the request was given up is stray', () => {
  const expectation = { unit: 1, function: 3, dataBytes: 2 };
  const judge = (bytes: Uint8Array) => {
    const framing = createAsciiFraming();
    framing.send(withCrc(Uint8Array.of(1, 3, 0, 0, 0, 1)), expectation);
    return framing.receive(bytes);
  };
  const sound = Uint8Array.of(1, 3, 2, 0x12, 0x34);
  expect(judge(buildAsciiFrame(sound))).toEqual([{ kind: 'reply', frame: withCrc(sound) }]);
  expect(judge(buildAsciiFrame(sound.with(0, 2)))).toMatchObject([{ kind: 'fault', code: 'frame' }]);
  expect(judge(buildAsciiFrame(sound).with(5, 0xff))).toMatchObject([{ kind: 'fault', code: 'checksum' }]);
  const framing = createAsciiFraming();
  framing.send(withCrc(Uint8Array.of(1, 3, 0, 0, 0, 1)), expectation);
  framing.abandon();
  expect(framing.receive(buildAsciiFrame(sound))).toEqual([{ kind: 'stray' }]);
});

test('a bus speaks it through a serial server', async () => {
  const points = [point('a', { address: 1, type: 'int32', order: 'CDAB' }, { scale: 0.1 })];
  const simulator = await startSimulator({
    listen: { host: '127.0.0.1', port: 0 },
    framing: 'ascii',
    units: [{ address: '17', profile: profile(points), seed: 1, values: () => -1234.5 }],
    now: () => 0,
  });
  closers.push(() => simulator.close());
  const bus = createModbus().openBus(
    tcpBus(simulator.port, { framing: 'ascii', timeoutMs: 3000, latenessMs: 200 }),
    busDeps,
  );
  closers.push(() => bus.close());
  for (let time = 0; time < 3; time++) {
    const samples = await bus.read({ unit: { address: '17', maxRegisters: 125 }, points }, always());
    expect(samples[0]).toMatchObject({ value: -1234.5 });
  }
});
