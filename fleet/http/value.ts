import type { Value } from '#wire/terms.js';

/** A value as JSON carries it: an int64 that a double cannot hold goes as its digits. */
export const presentValue = (value: Value | null): number | string | null =>
  typeof value === 'bigint' ? value.toString() : value;
