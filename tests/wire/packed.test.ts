import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WireError } from '../../agent/wire/errors.js';
import { ByteReader } from '../../agent/wire/packed/byte-reader.js';
import { ByteWriter } from '../../agent/wire/packed/byte-writer.js';
import { readIntegers, writeIntegers } from '../../agent/wire/packed/integers.js';
import { readValues, writeValues } from '../../agent/wire/packed/values.js';
import type { Value } from '../../agent/wire/terms.js';
import { int64, packedIntegers, values } from './arbitraries.js';

const write = (act: (writer: ByteWriter) => void): Uint8Array => {
  const writer = new ByteWriter();
  act(writer);
  return writer.finish();
};
const reader = (bytes: Uint8Array): ByteReader => new ByteReader(bytes, { left: 1000 });
const packValues = (list: readonly (Value | null)[]): Uint8Array =>
  write((writer) => writeValues(writer, list));
const unpackValues = (list: readonly (Value | null)[]): (Value | null)[] => {
  const from = reader(packValues(list));
  const read = readValues(from, list.length);
  from.end();
  return read;
};

const size = (list: number[]): number => packValues(list).length;

describe('packed integers', () => {
  it('round-trip', () => {
    fc.assert(
      fc.property(packedIntegers, (list) => {
        const from = reader(write((writer) => writeIntegers(writer, Float64Array.from(list))));
        expect([...readIntegers(from, list.length)]).toEqual(list.map((value) => value + 0));
        from.end();
      }),
      { numRuns: 500 },
    );
  });

  it('take no byte a value on a straight line, and jitter only its own width', () => {
    const line = Float64Array.from({ length: 1000 }, (_, index) => 5 + index * 20);
    expect(write((writer) => writeIntegers(writer, line)).length).toBeLessThanOrEqual(4);
    const jittered = line.map((value, index) => value * 500 + ((index * 7919) % 16));
    expect(write((writer) => writeIntegers(writer, jittered)).length).toBeLessThanOrEqual(510);
  });

  it('do not widen all for one outlier', () => {
    const list = Float64Array.from({ length: 200 }, (_, index) => (index === 100 ? 1e15 : (index * 31) % 8));
    expect(write((writer) => writeIntegers(writer, list)).length).toBeLessThan(230);
  });

  it('refuse a sum that leaves the range', () => {
    const bytes = write((writer) => {
      writer.byte(0x40);
      writer.zigzag(2 ** 50 - 1);
      writer.zigzag(1);
    });
    expect(() => readIntegers(reader(bytes), 2)).toThrow(WireError);
  });

  it('refuse a width that no writer makes', () => {
    expect(() => readIntegers(reader(Uint8Array.of(54, 0, 0, 0)), 2)).toThrow(/unknown width 54/);
  });
});

describe('packed values', () => {
  it('round-trip, −0 and int64 included', () => {
    fc.assert(
      fc.property(values, (list) => {
        const read = unpackValues(list);
        expect(read.length).toBe(list.length);
        for (const [index, value] of read.entries()) expect(Object.is(value, list[index])).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('keep counters exact to the ends of int64', () => {
    const list = [-(2n ** 63n), 2n ** 63n - 1n, -(2n ** 63n), 0, 2 ** 53 - 1, 2n ** 53n];
    expect(unpackValues(list)).toEqual(list);
    fc.assert(
      fc.property(fc.array(int64, { minLength: 1, maxLength: 20 }), (ints) => {
        expect(unpackValues(ints)).toEqual(ints);
      }),
    );
  });

  it('write decimals as integers, singles in four bytes and doubles in eight', () => {
    expect(size(Array.from({ length: 100 }, (_, index) => 21.5 + (index % 4) / 100))).toBeLessThan(35);
    expect(size(Array.from({ length: 100 }, (_, index) => Math.fround(Math.sqrt(index + 2))))).toBe(402);
    expect(size(Array.from({ length: 100 }, (_, index) => Math.sqrt(index + 2)))).toBe(802);
  });

  it.each([NaN, Infinity, -Infinity, 2n ** 63n, 'x'.repeat(256), '\ud800'])('refuse %s', (value) => {
    expect(() => packValues([value])).toThrow(WireError);
  });

  it('stop at the budget of their body', () => {
    const bytes = packValues(Array.from({ length: 900 }, () => 1));
    expect(() => readValues(new ByteReader(bytes, { left: 500 }), 900)).toThrow(/too many values/);
  });

  it('throw nothing but WireError on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(50), (bytes, count) => {
        try {
          readValues(reader(bytes), count);
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
