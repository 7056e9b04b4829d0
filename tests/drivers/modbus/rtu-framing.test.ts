import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { crc16, withCrc } from '../../../drivers/modbus/crc16.js';
import type { Arrival } from '../../../drivers/modbus/framing.js';
import { createRtuFraming } from '../../../drivers/modbus/rtu-framing.js';

const hear = (pieces: readonly Uint8Array[], dataBytes: number): readonly Arrival[] => {
  const framing = createRtuFraming(9600);
  framing.send(Uint8Array.of(1), { unit: 1, function: 3, dataBytes });
  return pieces.flatMap((piece) => framing.receive(piece));
};

const reply = fc
  .uint8Array({ minLength: 2, maxLength: 250 })
  .map((data) => data.subarray(0, data.length & ~1))
  .map((data) => ({ data, frame: withCrc(Uint8Array.of(1, 3, data.length, ...data)) }));

test('the CRC is the one of the standard', () => {
  // Modbus over Serial Line 1.02, appendix B: 02 07 has 41 12.
  expect(withCrc(Uint8Array.of(2, 7))).toEqual(Uint8Array.of(2, 7, 0x41, 0x12));
  // CRC-16/MODBUS of "123456789" in catalogues of CRCs.
  expect(crc16(Buffer.from('123456789'))).toBe(0x4b37);
});

test('a reply is itself in whatever pieces it comes', () => {
  fc.assert(
    fc.property(reply, fc.integer({ min: 1, max: 40 }), ({ data, frame }, size) => {
      const pieces: Uint8Array[] = [];
      for (let at = 0; at < frame.length; at += size) pieces.push(frame.subarray(at, at + size));
      expect(hear(pieces, data.length)).toEqual([{ kind: 'reply', frame }]);
    }),
  );
});

test('a reply with one wrong byte is none, wherever that is', () => {
  fc.assert(
    fc.property(reply, fc.nat(), fc.integer({ min: 1, max: 255 }), ({ data, frame }, place, flip) => {
      const at = place % frame.length;
      const damaged = frame.with(at, (frame[at] ?? 0) ^ flip);
      const arrivals = hear([damaged], data.length);
      expect(arrivals.filter(({ kind }) => kind === 'reply')).toEqual([]);
      if (at > 2) expect(arrivals).toMatchObject([{ kind: 'fault', code: 'checksum' }]);
    }),
  );
});

test('an exception is believed by its CRC alone', () => {
  const refused = withCrc(Uint8Array.of(1, 0x83, 2));
  expect(hear([refused], 2)).toEqual([{ kind: 'reply', frame: refused }]);
  for (const [at, byte] of [
    [2, 3],
    [3, 0],
    [4, 0],
  ] as const)
    expect(hear([refused.with(at, byte)], 2)).toMatchObject([{ kind: 'fault', code: 'checksum' }]);
});
