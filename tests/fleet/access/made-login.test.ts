import { expect, test } from 'vitest';
import { makeLogin } from '../../../fleet/access/made-login.js';

const bytes = (...given: number[]) => {
  const left = given.map((byte) => Uint8Array.of(byte, byte, byte));
  return () => left.shift() ?? new Uint8Array(3);
};

test('a login ends in characters that nobody chose, and is nobody else’s', () => {
  const first = makeLogin({ random: bytes(1), isTaken: () => false }, ' Zoé ');
  expect(first).toMatch(/^zoé-[a-z2-7]{4}$/);
  const second = makeLogin({ random: bytes(1, 2), isTaken: (login) => login === first }, 'zoé');
  expect(second).toMatch(/^zoé-[a-z2-7]{4}$/);
  expect(second).not.toBe(first);
});

test('a login of the greatest length is one still', () => {
  const made = makeLogin({ random: bytes(7), isTaken: () => false }, '𐐷b'.repeat(50));
  expect(Array.from(made)).toHaveLength(100);
  expect(encodeURIComponent(made)).toContain('%F0%90%90%B7-');
  expect(() => makeLogin({ random: bytes(7), isTaken: () => false }, 'two words')).toThrow(/A login is/);
});
