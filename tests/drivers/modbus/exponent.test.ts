import { expect, test } from 'vitest';
import { decodeRegisters } from '../../../drivers/modbus/decode-registers.js';
import { createRegisterImage } from '../../../drivers/modbus/simulator/register-image.js';
import { parseProfile } from '../../../drivers/profile-file.js';
import { isRegisterPoint, type RegisterPoint } from '../../../drivers/profile.js';

const text = (points: string): string => `
maker: Acme
model: I1
protocol: modbus
source: { document: Acme I1 manual }
defaults: { table: holding, kind: gauge }
points:
${points}
`;
const POINTS = `
  energy: { address: 42, type: uint32, exponent: 2, unit: W.h, property: active_energy, kind: counter }
  voltage_a: { address: 10, type: uint16, exponent: 13, unit: V, property: voltage, decimals: 1 }
  voltage_b: { address: 11, type: uint16, exponent: 13, unit: V, property: voltage, decimals: 1 }
  power_factor: { address: 22, type: int16, scale: 0.01, exponent: 23, unit: '1', property: power_factor, decimals: 4 }
`;
const profile = parseProfile(text(POINTS), 'i1.yaml', 'acme/i1');
const points = profile.points.filter(isRegisterPoint);
const point = (key: string): RegisterPoint => {
  const found = points.find((candidate) => candidate.key === key);
  if (found === undefined) throw new Error(key);
  return found;
};
const decode = (key: string, hex: string) =>
  decodeRegisters(
    Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex')),
    point(key).register,
    point(key),
  );

test('a value is multiplied by the power of ten that came with it', () => {
  expect(decode('voltage_a', '090b 090a 0921 ffff')).toEqual({ value: 231.5 });
  expect(decode('voltage_a', '090b 090a 0921 fffe')).toEqual({ value: 23.15 });
  expect(decode('voltage_b', '090a 0921 ffff')).toEqual({ value: 231.4 });
  expect(decode('power_factor', 'd901 fffe')).toEqual({ value: -0.9983 });
});

test('without a sound power of ten there is no value', () => {
  expect(decode('voltage_a', '090b 090a 0921 8000').fault?.code).toBe('sentinel');
  expect(decode('voltage_a', '090b 090a 0921 000b').fault?.code).toBe('decode');
});

test('value and exponent are one piece of the line', () => {
  expect(point('voltage_a').register).toMatchObject({
    length: 4,
    exponent: { valueAt: 0, exponentAt: 3 },
  });
  expect(point('energy').register).toMatchObject({
    address: 2,
    length: 42,
    exponent: { valueAt: 40, exponentAt: 0 },
  });
});

test('the simulator gives value and exponent', () => {
  const image = createRegisterImage(profile, ({ key }) =>
    key === 'power_factor' ? -0.9983 : key === 'energy' ? 33319778 : 231.4,
  );
  for (const { key, register } of points) {
    const bytes = image.read('holding', register.address, register.length, 0);
    expect(decodeRegisters(bytes ?? new Uint8Array(), register, point(key)).value).toBe(
      key === 'power_factor' ? -0.9983 : key === 'energy' ? 33319778 : 231.4,
    );
  }
});

test.each([
  ['{ address: 10, type: uint32, exponent: 11, unit: V, property: voltage }', "one of the value's registers"],
  ['{ address: 200, type: uint16, exponent: 9, unit: V, property: voltage }', 'within 125'],
  ['{ address: 10, type: uint16, exponent: 400, unit: V, property: voltage }', 'within 125'],
  [
    '{ address: 10, type: uint16, exponent: 11, unit: V, property: voltage, writable: [0, 1] }',
    'is not written',
  ],
])('%s is refused', (fields, message) => {
  expect(() => parseProfile(text(`  voltage: ${fields}`), 'i1.yaml', 'acme/i1')).toThrow(message);
});
