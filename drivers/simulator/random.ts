/** A number in [0, 1) that depends on its arguments alone (splitmix32 over both). */
export const hashed = (seed: number, index: number): number => {
  let state = (Math.imul(seed, 0x9e3779b9) ^ Math.imul(index + 1, 0x85ebca6b)) >>> 0;
  state = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
  state = Math.imul(state ^ (state >>> 15), 0x735a2d97);
  return ((state ^ (state >>> 15)) >>> 0) / 2 ** 32;
};

/** A stream of such numbers. */
export const createRandom = (seed: number): (() => number) => {
  let index = 0;
  return () => hashed(seed, index++);
};
