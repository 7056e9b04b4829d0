import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { REGISTER_TYPES, type RegisterType } from '../../../drivers/profile.js';
import { decodeRegisters } from '../../../drivers/modbus/decode-registers.js';
import { encodeRegisters } from '../../../drivers/modbus/encode-registers.js';
import { formOf } from '../../../drivers/modbus/integer-types.js';
import { byteWidth } from '../../../drivers/modbus/register-layout.js';
import { register } from '../../support/modbus.js';

const PLAIN = { scale: 1, offset: 0 };
const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

const INTEGERS = REGISTER_TYPES.filter((type) => formOf(register({ type })) !== undefined);
const letters = (type: RegisterType) => 'ABCDEFGH'.slice(0, byteWidth(register({ type })));
const boundsOf = (...parts: Parameters<typeof register>) => {
  const { lowest, highest } = formOf(register(...parts)) ?? { lowest: 0n, highest: 0n };
  return { min: lowest, max: highest > 2n ** 63n - 1n ? 2n ** 63n - 1n : highest };
};
const anyOrder = (type: RegisterType) =>
  fc
    .shuffledSubarray(letters(type).split(''), { minLength: letters(type).length })
    .map((order) => order.join(''));

describe('a round trip through registers gives the same value', () => {
  test.each(INTEGERS)('%s, any byte order', (type) => {
    fc.assert(
      fc.property(fc.bigInt(boundsOf({ type })), anyOrder(type), (value, order) => {
        const map = register({ type, order });
        const decoded = decodeRegisters(encodeRegisters(value, map, PLAIN), map, PLAIN);
        expect(BigInt(decoded.value ?? 'none')).toBe(value);
        expect(typeof decoded.value).toBe(Number.isSafeInteger(Number(value)) ? 'number' : 'bigint');
      }),
    );
  });

  test.each(['float32', 'float64'] as const)('%s, any byte order', (type) => {
    const floats = (type === 'float32' ? fc.float : fc.double)({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(floats, anyOrder(type), (value, order) => {
        const map = register({ type, order });
        expect(decodeRegisters(encodeRegisters(value, map, PLAIN), map, PLAIN)).toEqual({ value: value + 0 });
      }),
    );
  });

  test('some bits of a register, whatever stands beside them', () => {
    const fields = fc.tuple(fc.nat(15), fc.nat(15)).map(([a, b]) => {
      const [low, high] = [Math.min(a, b), Math.max(a, b)];
      return 2 ** (high + 1) - 2 ** low;
    });
    const anyPlace = fc.tuple(fields, fc.constantFrom('AB', 'BA'), fc.nat(0xffff), fc.nat(0xffff));
    fc.assert(
      fc.property(anyPlace, ([mask, order, picked, beside]) => {
        const map = register({ mask, order });
        const value = BigInt(picked) % (boundsOf({ mask }).max + 1n);
        const encoded = encodeRegisters(value, map, PLAIN);
        const others = encodeRegisters(beside & ~mask, register({ order }), PLAIN);
        const both = encoded.map((byte, index) => byte | (others[index] ?? 0));
        expect(decodeRegisters(both, map, PLAIN)).toEqual({ value: Number(value) });
        expect(encoded.some((byte, index) => (byte & (others[index] ?? 0)) !== 0)).toBe(false);
      }),
    );
  });

  test('text, bytes swapped or not', () => {
    const text = fc.string({ unit: fc.constantFrom('A', 'z', '0', '-', 'é', '/'), maxLength: 10 });
    fc.assert(
      fc.property(text, fc.constantFrom('AB', 'BA'), (value, order) => {
        const map = register({ type: 'string', length: 10, order });
        expect(decodeRegisters(encodeRegisters(value, map, PLAIN), map, PLAIN)).toEqual({ value });
      }),
    );
  });

  test('a decimal scale and offset', () => {
    const scales = fc.constantFrom(0.1, 0.01, 0.001, 0.05, 0.25, 0.3, 10, 1000, 1 / 3600);
    fc.assert(
      fc.property(
        fc.integer({ min: -32768, max: 32767 }),
        scales,
        fc.constantFrom(0, -40, 0.5),
        (raw, scale, offset) => {
          const map = register({ type: 'int16' });
          const decoded = decodeRegisters(encodeRegisters(raw, map, PLAIN), map, { scale, offset });
          const again = encodeRegisters(decoded.value ?? 'none', map, { scale, offset });
          expect(decodeRegisters(again, map, PLAIN).value).toBe(raw);
        },
      ),
    );
  });
});

test('any bytes in any register decode to a value or a fault', () => {
  const types = fc.constantFrom(...REGISTER_TYPES);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 10 }), types, fc.string({ maxLength: 8 }), (raw, type, order) => {
      const { value, fault } = decodeRegisters(raw, register({ type, order, length: 5 }), PLAIN);
      expect(value === null).toBe(fault !== undefined);
    }),
  );
});

test.each([
  ['ABCD', '00 0A 00 0B'],
  ['CDAB', '00 0B 00 0A'],
  ['BADC', '0A 00 0B 00'],
  ['DCBA', '0B 00 0A 00'],
])('order %s puts the most significant byte where it says', (order, line) => {
  expect(decodeRegisters(bytes(line), register({ type: 'uint32', order }), PLAIN).value).toBe(0x000a000b);
});

test.each([
  [12345, 0.01, 0, 123.45],
  [1, 0.1, 0.2, 0.3],
  [215, 0.1, 0, 21.5],
  [16345, 0.01, -40, 123.45],
  [7, 1 / 3, 0, 7 / 3],
  [3, 0.3, 0, 0.9],
])('%d × %d + %d is exactly %d', (raw, scale, offset, value) => {
  const map = register({ type: 'uint16' });
  expect(decodeRegisters(encodeRegisters(raw, map, PLAIN), map, { scale, offset }).value).toBe(value);
});

test.each([
  ['bcd16', '1234', 1234],
  ['bcd32', '12345678', 12_345_678],
  ['bcd48', '000000120034', 120_034],
  ['bcd64', '9999999999999999', 9_999_999_999_999_999n],
  ['mod10k32', '0001 270F', 19_999],
  ['mod10k48', '0001 0000 0002', 100_000_002],
  ['signmag16', '8005', -5],
  ['signmag16', '8000', 0],
  ['signmag32', '80000001', -1],
  ['int8h', 'FF01', -1],
  ['int8l', 'FF01', 1],
  ['uint8h', 'FF01', 255],
  ['uint8l', '01FE', 254],
  ['int48', 'FFFFFFFFFFFE', -2],
  ['uint48', 'FFFFFFFFFFFE', 281_474_976_710_654],
] as const)('%s %s means %d', (type, line, value) => {
  expect(decodeRegisters(bytes(line), register({ type, order: letters(type) }), PLAIN)).toEqual({ value });
});

test.each([
  ['bcd16', '12A4'],
  ['bcd32', 'F0000001'],
  ['bcd64', '000000000000000F'],
  ['mod10k32', '0001 2710'],
  ['mod10k64', 'FFFF 0000 0000 0001'],
] as const)('%s %s is no value, and says why', (type, line) => {
  expect(decodeRegisters(bytes(line), register({ type, order: letters(type) }), PLAIN)).toEqual({
    value: null,
    fault: { code: 'decode', detail: expect.stringMatching(/no BCD|more than 9999/) },
  });
});

test('a sentinel of some bits is compared with these alone', () => {
  const map = register({ mask: 0x00f0, sentinels: [0xf] });
  expect(decodeRegisters(bytes('12F4'), map, PLAIN).fault?.code).toBe('sentinel');
  expect(decodeRegisters(bytes('F2E4'), map, PLAIN)).toEqual({ value: 0xe });
});

test('a counter beyond 2^53 keeps its last digit', () => {
  const map = register({ type: 'uint64', order: 'ABCDEFGH' });
  expect(decodeRegisters(bytes('0020000000000001'), map, PLAIN).value).toBe(9007199254740993n);
  expect(decodeRegisters(bytes('0020000000000001'), map, { scale: 1000, offset: 0 }).value).toBe(
    9007199254740993000n,
  );
  expect(decodeRegisters(bytes('8000000000000000'), map, PLAIN).fault?.code).toBe('decode');
});

test.each([
  ['int16', 'AB', '8000', 0x8000],
  ['uint32', 'CDAB', 'FFFF7FFF', 0x7fffffff],
  ['uint64', 'ABCDEFGH', 'FFFFFFFFFFFFFFFF', 2n ** 64n - 1n],
  ['float32', 'ABCD', '7F7FFFFF', 0x7f7fffff],
] as const)('a sentinel of %s means no value', (type, order, line, sentinel) => {
  const map = register({ type, order, sentinels: [sentinel] });
  expect(decodeRegisters(bytes(line), map, PLAIN)).toMatchObject({
    value: null,
    fault: { code: 'sentinel' },
  });
  expect(decodeRegisters(bytes(line), { ...map, sentinels: [1] }, PLAIN).fault?.code).not.toBe('sentinel');
});

test('NaN is always "no value", infinity never a number', () => {
  const map = register({ type: 'float32', order: 'ABCD' });
  expect(decodeRegisters(bytes('7FC00000'), map, PLAIN).fault?.code).toBe('sentinel');
  expect(decodeRegisters(bytes('7F800000'), map, PLAIN).fault?.code).toBe('decode');
});

test('a bit is taken from its register', () => {
  expect(
    [0, 3, 15].map((bit) => decodeRegisters(bytes('8008'), register({ type: 'bool', bit }), PLAIN).value),
  ).toEqual([0, 1, 1]);
});

test('text ends at the first zero, without the padding', () => {
  const map = register({ type: 'string', length: 4 });
  expect(decodeRegisters(bytes('4142 4320 2000 4141'), map, PLAIN).value).toBe('ABC');
  expect(decodeRegisters(bytes('FFFF FFFF FFFF FFFF'), map, PLAIN).fault?.code).toBe('decode');
});
