import type { SeqRange } from '#wire/messages.js';

/** Numbers as maximal inclusive ranges, ascending. */
export const toRanges = (numbers: Iterable<number>): SeqRange[] => {
  const ranges: [number, number][] = [];
  for (const number of [...new Set(numbers)].toSorted((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === number - 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges;
};

/** What of [first, last] is in none of the `present` ranges (ascending, disjoint). */
export const missingRanges = (present: readonly SeqRange[], first: number, last: number): SeqRange[] => {
  const missing: SeqRange[] = [];
  let next = first;
  for (const [from, to] of present) {
    if (from > last) break;
    if (from > next) missing.push([next, from - 1]);
    next = Math.max(next, to + 1);
  }
  if (next <= last) missing.push([next, last]);
  return missing;
};

/** Any ranges as maximal ones, ascending. */
export const unionRanges = (ranges: readonly SeqRange[]): SeqRange[] => {
  const union: [number, number][] = [];
  for (const [first, last] of ranges.toSorted((a, b) => a[0] - b[0])) {
    const newest = union.at(-1);
    if (newest !== undefined && first <= newest[1] + 1) newest[1] = Math.max(newest[1], last);
    else union.push([first, last]);
  }
  return union;
};
