import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { Recent } from '../../fleet/recent.js';

it('keeps what was used last, and no more than it may', () => {
  const uses = fc.array(fc.record({ key: fc.nat(12), put: fc.boolean() }), { maxLength: 100 });
  fc.assert(
    fc.property(uses, fc.integer({ min: 1, max: 8 }), (steps, most) => {
      const recent = new Recent<number, string>(most);
      // in the order of use, the newest last
      let expected: number[] = [];
      for (const { key, put } of steps) {
        const isKept = expected.includes(key);
        if (put) recent.set(key, `value ${key}`);
        else expect(recent.get(key)).toBe(isKept ? `value ${key}` : undefined);
        if (put || isKept) expected = [...expected.filter((other) => other !== key), key].slice(-most);
        expect(recent.size).toBe(expected.length);
      }
    }),
  );
});

it('counts what its values weigh, and keeps the newest whatever that weighs', () => {
  const recent = new Recent<string, number>(10, (value) => value);
  recent.set('a', 4);
  recent.set('b', 4);
  recent.set('a', 6);
  expect([recent.get('a'), recent.get('b')]).toEqual([6, 4]);
  recent.set('c', 1);
  expect([recent.get('a'), recent.get('b'), recent.get('c')]).toEqual([undefined, 4, 1]);
  recent.set('d', 100);
  expect([recent.size, recent.get('d')]).toEqual([1, 100]);
  recent.delete('d');
  recent.set('e', 10);
  recent.clear();
  recent.set('f', 10);
  expect([recent.size, recent.get('f')]).toEqual([1, 10]);
});
