import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sdi12Dialect } from '../../../drivers/sdi12/dialect.js';
import { encodePacket } from '../../../drivers/sdi12/binary-packet.js';
import { crc16, crcText } from '../../../drivers/sdi12/crc.js';
import { valueText } from '../../../drivers/sdi12/simulator/simulated-sensor.js';
import { decodeTranscript } from '../../../drivers/sdi12/transcript.js';
import { TelegramError } from '../../../drivers/telegram/telegram-error.js';

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
const values = (raw: Uint8Array | string, section?: unknown) => {
  const { fields } = decodeTranscript(typeof raw === 'string' ? bytes(raw) : raw, section);
  return Object.fromEntries([...fields].map(([name, field]) => [name, field.value]));
};
const refusal = (raw: Uint8Array | string): TelegramError => {
  try {
    decodeTranscript(typeof raw === 'string' ? bytes(raw) : raw, undefined);
  } catch (error) {
    if (error instanceof TelegramError) return error;
    throw error;
  }
  throw new Error('it was accepted');
};
const seal = (body: readonly number[]): Uint8Array => {
  const crc = crc16(Uint8Array.from(body));
  return Uint8Array.from([...body, crc & 0xff, crc >> 8]);
};
const crcOf = (text: string): string => crcText(crc16(bytes(text)));

describe('the CRC', () => {
  test('is that of the examples of the standard (4.4.12.3)', () => {
    expect(crcOf('0+3.14')).toBe('OqZ');
    expect(crcOf('0+3.14+2.718+1.414')).toBe('Ipz');
    expect(crcOf('0+1.11+2.22+3.33+4.44+5.55+6.66')).toBe('I]q');
  });

  test('is checked wherever it stands, and needed where it was asked for', () => {
    expect(values('0+3.14OqZ\r\n')).toEqual({ 'D.1': 3.14 });
    expect(refusal('0+3.15OqZ\r\n').code).toBe('checksum');
    expect(refusal('0MC!00011\r\n0D0!0+3.14\r\n').code).toBe('checksum');
  });
});

describe('high-volume values', () => {
  test('bear a CRC unasked (5.1)', () => {
    expect(values(`0HA!0000002\r\n0D0!0+1+2${crcOf('0+1+2')}\r\n`)).toEqual({ 'HA.1': 1, 'HA.2': 2 });
    expect(refusal('0HA!0000002\r\n0D0!0+1+2\r\n').code).toBe('checksum');
  });

  test('are described with a CRC, and counted without (tables 19, 20)', () => {
    expect(values('0IHA!0000002\r\n')).toEqual({ 'IHA.values': 2 });
    const text = '0,TA,C;';
    expect(values(`0IHA_001!${text}${crcOf(text)}\r\n`)).toMatchObject({ 'IHA_001.code': 'TA' });
    expect(refusal(`0IHA_001!${text}\r\n`).code).toBe('checksum');
  });
});

describe('a transcript', () => {
  test('names values by the measurement that they answer', () => {
    expect(values('0M1!00019\r\n0\r\n0D0!0+1-2.5+.5\r\n0D1!0+4.\r\n')).toEqual({
      'M1.1': 1,
      'M1.2': -2.5,
      'M1.3': 0.5,
      'M1.4': 4,
    });
    expect(values('3R0!3+7.25\r\n')).toEqual({ 'R0.1': 7.25 });
    expect(values(`3RC0!3+7.25${crcOf('3+7.25')}\r\n`)).toEqual({ 'R0.1': 7.25 });
    expect(values('aC!a00002\r\naD0!a+1+2\r\n')).toEqual({ 'C.1': 1, 'C.2': 2 });
  });

  test('may be responses alone, with breaks, empty lines, and without its last line end', () => {
    expect(values('\0\r\n50012\r\n5\r\n5+0.00180+26.15')).toEqual({ 'D.1': 0.0018, 'D.2': 26.15 });
  });

  test('may bear the parity of the line as an eighth bit', () => {
    const even = bytes('0+3.14\r\n').map((byte) => {
      const ones = byte.toString(2).replaceAll('0', '').length;
      return ones % 2 === 0 ? byte : byte | 0x80;
    });
    expect(values(even)).toEqual({ 'D.1': 3.14 });
    expect(refusal(even.with(2, (even[2] ?? 0) ^ 0x80)).code).toBe('frame');
  });

  test('says what a sensor is', () => {
    expect(values('5I!513STS AG  4900001.51157252\r\n')).toMatchObject({
      'I.sdi12': '1.3',
      'I.vendor': 'STS AG',
    });
    expect(values('0I!014CampbellCS65X 010SN=12345\r\n')).toEqual({
      'I.sdi12': '1.4',
      'I.vendor': 'Campbell',
      'I.model': 'CS65X',
      'I.version': '010',
      'I.serial': 'SN=12345',
    });
  });

  test('says what a value is (LI-710, EnviroDIY notes of its metadata)', () => {
    expect(values('0IM_001!0,ET,mm,Actual Evapotranspiration (ET);\r\n')).toEqual({
      'IM_001.code': 'ET',
      'IM_001.unit': 'mm',
      'IM_001.3': 'Actual Evapotranspiration (ET)',
    });
    expect(values('0IM!00059\r\n')).toEqual({ 'IM.values': 9 });
    expect(refusal('0IMC_001!0,ET,mm;\r\n').code).toBe('checksum');
    expect(values(`0IMC_001!0,ET,mm;${crcOf('0,ET,mm;')}\r\n`)).toMatchObject({ 'IMC_001.code': 'ET' });
  });

  test('has values in place of which the sensor gives none', () => {
    const { fields } = decodeTranscript(bytes('0M!00002\r\n0D0!0-9999+1\r\n'), { noValue: [-9999] });
    expect(fields.get('M.1')).toMatchObject({ value: null, fault: { code: 'sentinel' } });
    expect(fields.get('M.2')?.value).toBe(1);
  });

  test.each([
    ['0+1.2.3\r\n', 'no value at'],
    ['0+1e5\r\n', 'no value at'],
    ['0++1\r\n', 'no value at'],
    ['0M!0001\r\n', 'answer to the start of M'],
    ['0M!00012\r\n1+1\r\n', 'sensors 0 and 1'],
    ['', 'no response'],
    ['\xff\xfe\x01', 'no ASCII'],
  ])('%j is refused: %s', (text, why) => {
    expect(refusal(text).message).toMatch(new RegExp(why));
  });
});

describe('a binary packet', () => {
  test('has values of each type (5.2)', () => {
    const packet = Uint8Array.from([0x30, 4, 0, 3, 0xff, 0xff, 0x2a, 0x00]);
    const crc = crc16(packet);
    expect(values(Uint8Array.from([...packet, crc & 0xff, crc >> 8]))).toEqual({ 'D.1': -1, 'D.2': 42 });
    for (let type = 1; type <= 10; type++)
      expect(Object.values(values(encodePacket('7', type, [1, 100]))).map(Number)).toEqual([1, 100]);
  });

  test('is fetched page by page, and may hold bytes that look like line ends', () => {
    const pages = Buffer.concat([
      bytes('0HB!0000004\r\n0DB0!'),
      encodePacket('0', 2, [10, 13]),
      bytes('0DB1!'),
      encodePacket('0', 2, [33, 48]),
    ]);
    expect(values(pages)).toEqual({ 'HB.1': 10, 'HB.2': 13, 'HB.3': 33, 'HB.4': 48 });
  });

  test('is refused with a wrong CRC, an unknown type, half a value', () => {
    const sound = encodePacket('0', 4, [1000]);
    expect(refusal(sound.with(4, 0)).code).toBe('checksum');
    expect(refusal(seal([0x30, 2, 0, 11, 1, 2])).message).toContain('type 11');
    expect(refusal(seal([0x30, 3, 0, 4, 1, 2, 3])).message).toContain('no whole number');
  });
});

describe('whatever the bytes', () => {
  test('nothing but a TelegramError is thrown', () => {
    const texts = fc.stringMatching(/^[0-9A-Za-z?!+\-.,;_\r\n\0DMCIRHBX]{0,80}$/).map(bytes);
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), texts), (raw) => {
        try {
          decodeTranscript(raw, undefined);
        } catch (error) {
          expect(error).toBeInstanceOf(TelegramError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('values come back as the simulator writes them', () => {
    const seven = fc
      .double({ min: -9_999_999, max: 9_999_999, noNaN: true })
      .map((each) => Number(valueText(each)));
    fc.assert(
      fc.property(fc.array(seven, { minLength: 1, maxLength: 9 }), fc.boolean(), (numbers, crc) => {
        const body = `z${numbers.map(valueText).join('')}`;
        const raw = `zD0!${body}${crc ? crcOf(body) : ''}\r\n`;
        expect(Object.values(values(raw))).toEqual(numbers.map((each) => each + 0));
      }),
    );
  });

  test('a flipped bit of a response with a CRC is found', () => {
    const raw = bytes('0+1.11+2.22+3.33+4.44+5.55+6.66I]q\r\n');
    fc.assert(
      fc.property(fc.nat(raw.length - 3), fc.nat(6), (at, bit) => {
        expect(() => decodeTranscript(raw.with(at, (raw[at] ?? 0) ^ (1 << bit)), undefined)).toThrow(
          TelegramError,
        );
      }),
    );
  });
});

const readField = (name: string) => sdi12Dialect.telegrams?.field(name, undefined);

test('fields are named as a profile writes them, and nothing else is taken for one', () => {
  expect(readField('C9.20')).toEqual({ value: { name: 'C9.20', type: 'float' } });
  expect(readField('I.serial')).toEqual({ value: { name: 'I.serial', type: 'text' } });
  expect(readField('XPR.1')).toEqual({ value: { name: 'XPR.1', type: 'float' } });
  for (const wrong of ['M', 'M.0', 'M0.1', 'M.10', 'R.1', 'D.1', 'I.x', 'm.1'])
    expect(readField(wrong)).toHaveProperty('problem');
});

test('an announcement alone says what it announces, and gives way to the values that come', () => {
  expect(decodeTranscript(bytes('00132\r\n'), undefined).remarks).toEqual([
    'announces 2 values in 13 s (as after M)',
  ]);
  expect(decodeTranscript(bytes('0M!00132\r\n'), undefined).remarks).toEqual([
    'announces 2 values in 13 s (after M)',
  ]);
  expect(decodeTranscript(bytes('0M!00132\r\n0D0!0+1+2\r\n'), undefined).remarks).toBeUndefined();
});
