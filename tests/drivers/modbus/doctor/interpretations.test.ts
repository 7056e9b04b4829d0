import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeRegisters } from '../../../../drivers/modbus/encode-registers.js';
import {
  interpretRegisters,
  interpretText,
  isPlausible,
  pointsInRange,
} from '../../../../drivers/modbus/doctor/interpretations.js';
import { point, register } from '../../../support/modbus.js';

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));

const float = (value: number) => isPlausible({ type: 'float32', order: 'ABCD', value });

describe('registers in every type and order', () => {
  test('hold the value that was written, whatever its type and order', () => {
    const cases = fc.oneof(
      fc.tuple(
        fc.constant('float32' as const),
        fc.constantFrom('ABCD', 'CDAB', 'BADC', 'DCBA'),
        fc.float({ noNaN: true, noDefaultInfinity: true, min: Math.fround(-1e6), max: Math.fround(1e6) }),
      ),
      fc.tuple(fc.constant('int32' as const), fc.constantFrom('ABCD', 'CDAB', 'BADC', 'DCBA'), fc.integer()),
      fc.tuple(fc.constant('uint16' as const), fc.constantFrom('AB', 'BA'), fc.nat(0xffff)),
      fc.tuple(fc.constant('uint64' as const), fc.constantFrom('ABCDEFGH', 'GHEFCDAB', 'HGFEDCBA'), fc.nat()),
    );
    fc.assert(
      fc.property(cases, ([type, order, value]) => {
        const length = type === 'uint16' ? 1 : type === 'uint64' ? 4 : 2;
        const written = encodeRegisters(value, register({ type, order, length }), { scale: 1, offset: 0 });
        const found = interpretRegisters(written, [length])[0]?.interpretations.find(
          (each) => each.type === type && each.order === order,
        );
        expect(Number(found?.value) === value).toBe(true);
      }),
    );
  });

  test('are read at every place where they fit', () => {
    const places = interpretRegisters(bytes('000100020003')).map(({ register, length }) => [
      register,
      length,
    ]);
    expect(places).toEqual([
      [0, 1],
      [0, 2],
      [0, 3],
      [1, 1],
      [1, 2],
      [2, 1],
    ]);
  });

  test('mark what falls into the range of a point of that width, once scaled', () => {
    const volts = point('volts', { type: 'uint16' }, { scale: 0.1, range: [200, 260] });
    const other = point('other', { type: 'float32', length: 2 }, { range: [200, 260] });
    const [straight, swapped] = interpretRegisters(bytes('0903'), [1])[0]?.interpretations ?? [];
    if (straight === undefined || swapped === undefined) throw new Error('no interpretation');
    expect(pointsInRange(straight, 1, [volts, other])).toEqual([volts]);
    expect(pointsInRange({ ...straight, value: 9000 }, 1, [volts, other])).toEqual([]);
  });

  test('are read as decimal digits where they are such, which only a point of that form bears out', () => {
    const volts = point('volts', { type: 'bcd16' }, { range: [200, 260] });
    const found = interpretRegisters(bytes('0230'), [1])[0]?.interpretations ?? [];
    const marked = found.filter((each) => pointsInRange(each, 1, [volts]).length > 0);
    expect(marked).toEqual([{ type: 'bcd16', order: 'AB', value: 230 }]);
    expect(marked.some(isPlausible)).toBe(false);
    const broken = interpretRegisters(bytes('0A3F'), [1])[0]?.interpretations ?? [];
    expect(broken.map(({ type }) => type)).not.toContain('bcd16');
  });

  test('are plausible where a dial could show them', () => {
    expect([230.2, 0, -5].map(float)).toEqual([true, true, true]);
    expect([4.2e-8, 2.3e23].map(float)).toEqual([false, false]);
  });

  test('are text where they are printable', () => {
    const [text] = interpretText(bytes('53444d20363330'.padEnd(16, '0')));
    expect(text).toMatchObject({ order: 'AB', value: 'SDM 630' });
    expect(interpretText(bytes('0001ffff'))).toEqual([]);
  });
});
