const mix = (hash: number, word: number): number => {
  let k = Math.imul(word, 0xcc9e2d51);
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  const h = hash ^ k;
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
};

/**
 * A number in [0, 1) that depends on the integers alone (MurmurHash3): what is simulated can be made again for any
 * gateway and time without all that came before.
 */
export const chance = (seed: number, place: number, what: number, tick: number): number => {
  let h = mix(mix(mix(seed, place), what), tick | 0);
  h = mix(h, Math.floor(tick / 2 ** 32));
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  h ^= h >>> 16;
  return (h >>> 0) / 2 ** 32;
};
