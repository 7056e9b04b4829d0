import { randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatKey, newKeyText, parseKey } from '../../../../fleet/access/keys/key-text.js';

describe('the text of an API key', () => {
  test('gives back what it was made of', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), (bytes) => {
        let place = 0;
        const key = newKeyText((count) => bytes.subarray(place, (place += count)));
        expect(parseKey(formatKey(key))).toEqual(key);
      }),
      { numRuns: 200 },
    );
  });

  test('is nothing else, however close', () => {
    const text = formatKey(newKeyText(randomBytes));
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.string({ unit: 'binary', maxLength: 3 }), (place, other) => {
        const changed = text.slice(0, place) + other + text.slice(place + 1);
        const parsed = parseKey(changed);
        // what is still a key is another key, never the same one in another spelling
        expect(parsed === undefined || formatKey(parsed) === changed).toBe(true);
      }),
      { numRuns: 300 },
    );
    for (const wrong of [
      '',
      'tk1_',
      `${text}\n`,
      ` ${text}`,
      text.toUpperCase(),
      text.replace('tk1', 'tk2'),
    ]) {
      expect(parseKey(wrong)).toBeUndefined();
    }
  });
});
