import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeRegisters } from '../../../drivers/modbus/decode-registers.js';
import { parseProfile } from '../../../drivers/profile-file.js';
import { isRegisterPoint, type RegisterPoint } from '../../../drivers/profile.js';

/** A module that counts microamperes; at its input a level sensor of 0 to 5 m. */
const level = (loop = '[0, 5]', more = ''): RegisterPoint => {
  const text = `
maker: Acme
model: AI8
protocol: modbus
source: { document: Acme AI8 manual }
points:
  level: { address: 0, table: input, type: uint16, scale: 0.001, loop: ${loop}, unit: m, property: water_level, kind: gauge ${more} }
`;
  const [point] = parseProfile(text, 'ai8.yaml', 'acme/ai8').points.filter(isRegisterPoint);
  if (point === undefined) throw new Error('no point');
  return point;
};

const at = (microamperes: number, point = level()) =>
  decodeRegisters(Uint8Array.of(microamperes >> 8, microamperes & 0xff), point.register, point);

test.each([
  [4000, 0],
  [12_000, 2.5],
  [20_000, 5],
  [10_001, 1.8753125],
  [3800, -0.0625],
  [20_500, 5.15625],
])('%i µA is %f m', (microamperes, value) => {
  expect(at(microamperes)).toEqual({ value });
});

test.each([3599, 0, 21_001, 0xffff])('%i µA is a failed sensor or line, not a value', (microamperes) => {
  expect(at(microamperes)).toMatchObject({ value: null, fault: { code: 'sensor' } });
});

test.each([3600, 3799, 20_501, 21_000])(
  '%i µA is a value that its sensor could not reach',
  (microamperes) => {
    const { value, fault, doubt } = at(microamperes);
    expect(value).not.toBeNull();
    expect(fault).toBeUndefined();
    expect(doubt).toMatchObject({ reason: 'sensor-fault' });
  },
);

test('a loop may run downwards', () => {
  const point = level('[10, 2]');
  expect(at(4000, point).value).toBe(10);
  expect(at(20_000, point).value).toBe(2);
  expect(at(3500, point).fault?.code).toBe('sensor');
});

test('the same current is judged alike whatever it stands for', () => {
  const ends = fc.tuple(fc.integer({ min: -5000, max: 5000 }), fc.integer({ min: -5000, max: 5000 }));
  fc.assert(
    fc.property(ends, fc.integer({ min: 0, max: 0xffff }), ([low, high], microamperes) => {
      fc.pre(low !== high);
      const { fault, doubt } = at(microamperes, level(`[${low}, ${high}]`));
      const reference = at(microamperes);
      expect(fault?.code).toBe(reference.fault?.code);
      expect(doubt?.reason).toBe(reference.doubt?.reason);
    }),
  );
});

test('a loop of one value, and one that is written, are refused', () => {
  expect(() => level('[3, 3]')).toThrow('must be two different values');
  expect(() => level('[0, 5]', ', writable: [0, 5]')).toThrow('is not written');
});
