import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TelegramError } from '../../../drivers/telegram/telegram-error.js';
import { decodeUart, uartDialect } from '../../../drivers/uart/dialect.js';
import { createFramer } from '../../../drivers/uart/frame.js';
import { encodeMhZ19, mhZ19Shape, readMhZ19 } from '../../../drivers/uart/mh-z19.js';
import { commandPms, encodePms, pmsFields, pmsShape } from '../../../drivers/uart/pms.js';
import { commandSds011, encodeSds011, sds011Shape } from '../../../drivers/uart/sds011.js';
import { decodeShdlc, encodeShdlc, findShdlc } from '../../../drivers/uart/shdlc.js';
import { doubtOfStatus, START_FLOAT } from '../../../drivers/uart/sps30.js';

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const hexOf = (raw: Uint8Array): string => Buffer.from(raw).toString('hex');
const values = (raw: Uint8Array, sensor?: string) =>
  Object.fromEntries(
    [...decodeUart(raw, sensor === undefined ? undefined : { sensor }).fields].map(([name, field]) => [
      name,
      field.value,
    ]),
  );

const floats = (...numbers: readonly number[]): Uint8Array => {
  const data = Buffer.alloc(4 * numbers.length);
  numbers.forEach((number, index) => data.writeFloatBE(number, 4 * index));
  return data;
};

describe('an SDS011', () => {
  const frame = bytes('AA C0 D4 04 3A 0A A1 60 1D AB');

  test('says tenths of µg/m³ (example of its control protocol V1.3)', () => {
    expect(values(frame)).toEqual({ pm2_5: 1236, pm10: 2618, id: 'A160' });
  });

  test('is refused with a wrong checksum, tail or length', () => {
    expect(() => values(frame.with(2, 0))).toThrow('checksum of a frame of an SDS011 is 1d, not 49');
    expect(() => values(frame.with(9, 0))).toThrow(TelegramError);
    expect(() => values(frame.subarray(0, 9))).toThrow(TelegramError);
  });

  test('is told to sleep, to work, to answer (examples of the protocol)', () => {
    expect(hexOf(commandSds011(6, 0))).toBe('aab406010000000000000000000000ffff05ab');
    expect(hexOf(commandSds011(6, 1))).toBe('aab406010100000000000000000000ffff06ab');
    expect(hexOf(commandSds011(4))).toBe('aab404000000000000000000000000ffff02ab');
  });
});

describe('a PMS', () => {
  test('is told to sleep, to wake, to answer (appendix II of the manuals)', () => {
    expect(hexOf(commandPms(0xe4, 0))).toBe('424de400000173');
    expect(hexOf(commandPms(0xe4, 1))).toBe('424de400010174');
    expect(hexOf(commandPms(0xe2, 0))).toBe('424de200000171');
  });

  test.each(['pms', 'pms5003t', 'pms5003st'] as const)('%s says its words in their order', (model) => {
    const numbers = new Map(pmsFields(model).map((name, index) => [name, index + 1]));
    const frame = encodePms(model, (name) => (name === 'error' ? 0 : (numbers.get(name) ?? 0)));
    expect(values(frame, model)).toEqual({ ...Object.fromEntries(numbers), error: 0 });
  });

  test('of the model ST is colder than nothing', () => {
    const frame = encodePms('pms5003st', (name) => (name === 'temperature' ? -55 : 0));
    expect(values(frame)).toMatchObject({ temperature: -55 });
  });

  test('that says an error is doubted', () => {
    const frame = encodePms('pms', (name) => (name === 'error' ? 2 : 7));
    expect(decodeUart(frame, undefined).fields.get('pm10')?.doubt).toEqual({
      reason: 'sensor-fault',
      detail: 'the sensor says error 2',
    });
  });

  test('is refused where the frame is of another model, answers a command, or is damaged', () => {
    const frame = encodePms('pms5003st', () => 1);
    expect(() => values(frame, 'pms')).toThrow('a frame of 36 bytes: that of a pms has 20 or 28');
    expect(() => values(bytes('42 4D 00 04 E4 00 01 77'))).toThrow('answers a command');
    expect(() => values(frame.with(7, 9))).toThrow('checksum');
  });
});

describe('an MH-Z19', () => {
  test('says ppm (example of the manual of the MH-Z19B)', () => {
    expect(hexOf(readMhZ19())).toBe('ff0186000000000079');
    expect(values(bytes('FF 86 02 60 47 00 00 00 D1'))).toEqual({ co2: 608 });
  });

  test('is refused with a wrong checksum, or where another command is answered', () => {
    expect(() => values(bytes('FF 86 02 61 47 00 00 00 D1'))).toThrow('checksum');
    expect(() => values(bytes('FF 99 01 00 00 00 00 00 66'))).toThrow('answers command 99');
  });
});

describe('an SPS30', () => {
  test('is asked as in its datasheet, with bytes stuffed', () => {
    expect(hexOf(encodeShdlc(0x00, START_FLOAT))).toBe('7e0000020103f97e');
    expect(hexOf(encodeShdlc(0x03, new Uint8Array(0)))).toBe('7e000300fc7e');
    expect(hexOf(encodeShdlc(0x11, new Uint8Array(0)))).toBe('7e007d3100ee7e');
    expect(hexOf(encodeShdlc(0xd2, Uint8Array.of(0)))).toBe('7e00d201002c7e');
  });

  const TEN = [1, 2.5, 4, 10.25, 5, 6, 7, 8, 9, 0.5];

  test('gives ten floats, or ten integers', () => {
    expect(values(encodeShdlc(3, floats(...TEN), 0))).toMatchObject({
      pm1_0: 1,
      pm10: 10.25,
      typical_size: 0.5,
    });
    const words = Uint8Array.from(TEN.flatMap((_, index) => [1, index]));
    expect(values(encodeShdlc(3, words, 0))).toMatchObject({ pm1_0: 256, typical_size: 265 });
  });

  test('without a new measurement gives nothing; with a flag its values are doubted', () => {
    expect(values(encodeShdlc(3, new Uint8Array(0), 0))).toEqual({});
    const { fields } = decodeUart(encodeShdlc(3, floats(...TEN), 0x80), undefined);
    expect(fields.get('pm2_5')?.doubt?.reason).toBe('sensor-fault');
    expect(doubtOfStatus(Uint8Array.of(0, 0x20, 0, 0x10, 0))?.detail).toBe(
      'the fan is out of its speed, the fan stands still or is broken',
    );
    expect(doubtOfStatus(Uint8Array.of(0, 0, 0, 0, 0))).toBeUndefined();
  });

  test('that refuses is quoted', () => {
    expect(() => values(encodeShdlc(3, new Uint8Array(0), 0x43))).toThrow('not possible in this state');
  });

  test('frames come back through their stuffing, wherever they stand', () => {
    const data = fc.uint8Array({ maxLength: 255 });
    fc.assert(
      fc.property(fc.nat(255), data, fc.uint8Array({ maxLength: 20 }), (command, sent, before) => {
        const raw = encodeShdlc(command, sent, 0);
        const noise = before.filter((byte) => byte !== 0x7e);
        const found = findShdlc(Uint8Array.from([...noise, ...raw]));
        expect(found).toEqual(raw);
        expect(decodeShdlc(raw, { state: true })).toMatchObject({ command, data: sent, state: 0 });
      }),
    );
  });
});

describe('whatever the bytes', () => {
  test('nothing but a TelegramError is thrown', () => {
    const heads = fc.constantFrom(
      [],
      [0xaa, 0xc0],
      [0x42, 0x4d, 0, 28],
      [0x42, 0x4d, 0, 36],
      [0x7e],
      [0xff, 0x86],
    );
    fc.assert(
      fc.property(heads, fc.uint8Array({ maxLength: 80 }), (head, rest) => {
        try {
          decodeUart(Uint8Array.from([...head, ...rest]), undefined);
        } catch (error) {
          expect(error).toBeInstanceOf(TelegramError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  const shapes = [
    ['SDS011', sds011Shape, () => encodeSds011(0xc0, [1, 2, 3, 4, 0xaa, 0xc0])],
    ['PMS', pmsShape, () => encodePms('pms', () => 0x424d)],
    ['MH-Z19', mhZ19Shape, () => encodeMhZ19(0xff86)],
  ] as const;

  test.each(shapes)('a frame of an %s is found behind any bytes, in any pieces', (_, shape, make) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 1, max: 40 }), (before, piece) => {
        const frame = make();
        // What looks like the beginning of a longer frame takes as many bytes to be refuted.
        const all = Uint8Array.from([...before, ...frame, ...frame, ...new Uint8Array(shape.most)]);
        const framer = createFramer(shape);
        const found: Uint8Array[] = [];
        for (let at = 0; at < all.length; at += piece) found.push(...framer(all.subarray(at, at + piece)));
        expect(found.filter((each) => shape.sound(each)).map(hexOf)).toContain(hexOf(frame));
      }),
      { numRuns: 500 },
    );
  });
});

const readField = (name: string, sensor: string) => uartDialect.telegrams?.field(name, { sensor });

test('fields are those of the sensor that the section names', () => {
  expect(readField('pm2_5', 'sds011')).toEqual({ value: { name: 'pm2_5', type: 'integer' } });
  expect(readField('pm4_0', 'sps30')).toEqual({ value: { name: 'pm4_0', type: 'float' } });
  expect(readField('pm1_0', 'sds011')).toHaveProperty('problem');
  expect(uartDialect.telegrams?.field('co2', undefined)).toHaveProperty('problem');
  expect(uartDialect.telegrams?.check?.({ sensor: 'mh-z19', dutyCycle: true })).toContain('does not sleep');
});
