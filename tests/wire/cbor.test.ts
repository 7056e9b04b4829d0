import { Decoder } from 'cbor-x';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeCbor, encodeCbor } from '../../agent/wire/cbor.js';
import { WireError } from '../../agent/wire/errors.js';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const codeOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof WireError) return error.code;
    throw error;
  }
  return 'none';
};

describe('the CBOR of the wire', () => {
  it('reads the examples of RFC 8949 appendix A that the subset covers', () => {
    expect(decodeCbor(hex('1b000000e8d4a51000'))).toBe(1_000_000_000_000);
    expect(decodeCbor(hex('3903e7'))).toBe(-1000);
    expect(decodeCbor(hex('f93e00'))).toBe(1.5);
    expect(decodeCbor(hex('fb3ff199999999999a'))).toBe(1.1);
    expect(decodeCbor(hex('62c3bc'))).toBe('ü');
    expect(decodeCbor(hex('826161a161626163'))).toEqual(['a', { b: 'c' }]);
  });

  it('encodes the same value the same, whatever the order of its keys', () => {
    expect(encodeCbor({ b: 1, aa: 2, a: 3 })).toEqual(encodeCbor({ aa: 2, a: 3, b: 1 }));
    expect(Buffer.from(encodeCbor({ aa: 2, b: 1 })).toString('hex')).toBe('a261620162616102');
    expect(Buffer.from(encodeCbor(1_700_000_000_000)).toString('hex')).toBe('1b0000018bcfe56800');
  });

  it('is read by a decoder that knows nothing of ours', () => {
    const value = { time: 1_700_000_000_000, list: [1, -5, 0.5, 'é', null, true] };
    expect(new Decoder({ mapsAsObjects: true, useRecords: false }).decode(encodeCbor(value))).toMatchObject({
      list: value.list,
    });
  });

  it.each([
    ['empty', '', 'malformed'],
    ['cut short', '8201', 'malformed'],
    ['bytes after the end', '0101', 'malformed'],
    ['indefinite array', '9f01ff', 'malformed'],
    ['indefinite text', '7f6161ff', 'malformed'],
    ['tag', 'c11a514b67b0', 'malformed'],
    ['undefined', 'f7', 'malformed'],
    ['reserved length', '1c', 'malformed'],
    ['array that claims four thousand million items', '9affffffff', 'malformed'],
    ['map that claims four thousand million pairs', 'baffffffff', 'malformed'],
    ['byte string longer than its input', '5affffffff00', 'malformed'],
    ['duplicate key', 'a201010102', 'malformed'],
    ['duplicate key in a longer form', 'a20101180102', 'malformed'],
    ['duplicate text key', 'a2616101616102', 'malformed'],
    ['array as key', 'a18001', 'malformed'],
    ['mixed keys', 'a20101616102', 'malformed'],
    ['integer beyond 2^53', '1b0020000000000001', 'malformed'],
    ['text that is not UTF-8', '62c328', 'malformed'],
    ['nesting', `${'81'.repeat(17)}01`, 'too-large'],
  ])('refuses %s', (_, bytes, code) => {
    expect(codeOf(() => decodeCbor(hex(bytes)))).toBe(code);
  });

  it('refuses more items than any message needs', () => {
    const bytes = Buffer.concat([hex('9a00100000'), Buffer.alloc(1_048_576, 0xf6)]);
    expect(codeOf(() => decodeCbor(bytes))).toBe('too-large');
  });

  it('keeps a key named __proto__ a plain key', () => {
    const decoded = decodeCbor(encodeCbor(new Map([['__proto__', { polluted: true }]])));
    expect(Object.keys(decoded ?? {})).toEqual(['__proto__']);
    expect(Object.hasOwn({}, 'polluted')).toBe(false);
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });

  it('refuses to encode what has no place on the wire', () => {
    for (const value of [NaN, Infinity, 5n, Symbol('x'), () => 1]) {
      expect(codeOf(() => encodeCbor([value]))).toBe('unencodable');
    }
  });

  it('throws nothing but WireError on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        codeOf(() => decodeCbor(bytes));
      }),
      { numRuns: 3000 },
    );
  });
});
