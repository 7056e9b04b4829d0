import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildAsciiFrame } from '../../../../drivers/modbus/ascii-framing.js';
import { withCrc } from '../../../../drivers/modbus/crc16.js';
import { inspectFrame } from '../../../../drivers/modbus/doctor/inspect-frame.js';
import { buildTcpFrame } from '../../../../drivers/modbus/tcp-framing.js';

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

describe('a frame', () => {
  test('of RTU is told by its CRC: request, reply, exception', () => {
    // Modbus over Serial Line 1.02 has no printed example; this one is the Eastron SDM630 manual's.
    expect(inspectFrame(bytes('01 04 04 43 66 33 34 1B 38'))).toMatchObject({
      framing: 'rtu',
      unit: 1,
      function: 4,
      kind: 'reply',
      checksum: { holds: true },
      registers: bytes('43663334'),
    });
    expect(inspectFrame(withCrc(bytes('11 03 00 6B 00 03')))).toMatchObject({
      unit: 17,
      kind: 'request',
      detail: '3 registers from address 107',
    });
    expect(inspectFrame(withCrc(bytes('0A 81 02')))).toMatchObject({
      function: 1,
      kind: 'exception',
      detail: 'illegal data address (2)',
    });
    expect(inspectFrame(withCrc(bytes('11 01 05 CD 6B B2 0E 1B')))).toMatchObject({
      kind: 'reply',
      bits: bytes('CD6BB20E1B'),
    });
  });

  test('of RTU with a wrong CRC is one by its shape, and says what belongs there', () => {
    expect(inspectFrame(bytes('01 04 04 43 66 33 34 1B 39'))).toMatchObject({
      framing: 'rtu',
      checksum: { holds: false, found: 0x391b, expected: 0x381b },
    });
    expect(inspectFrame(bytes('43 66 33 34'))).toBeUndefined();
  });

  test('of TCP and ASCII has the same content', () => {
    const body = bytes('11 03 00 6B 00 03');
    const content = { unit: 17, function: 3, kind: 'request', detail: '3 registers from address 107' };
    expect(inspectFrame(buildTcpFrame(7, body))).toMatchObject({
      framing: 'tcp',
      transaction: 7,
      ...content,
    });
    expect(inspectFrame(buildAsciiFrame(body))).toMatchObject({
      framing: 'ascii',
      ...content,
      checksum: { holds: true },
    });
    expect(inspectFrame(Uint8Array.from(Buffer.from(':1103006B00037F')))).toMatchObject({
      framing: 'ascii',
      checksum: { holds: false, found: 0x7f, expected: 0x7e },
    });
  });

  test('is looked for in any bytes, and never in vain fails', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (any) => {
        const frame = inspectFrame(any);
        expect(frame === undefined || frame.unit <= 255).toBe(true);
        expect(inspectFrame(withCrc(any.length < 2 ? Uint8Array.of(1, 3) : any))?.framing).toBe('rtu');
      }),
    );
  });
});
