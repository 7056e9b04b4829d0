import type { SeqRange } from '#wire/messages.js';

/** `ranges` (ascending, disjoint, never adjacent) with [first, last] added. */
export const cover = (ranges: readonly SeqRange[], first: number, last: number): readonly SeqRange[] => {
  const newest = ranges.at(-1);
  if (newest !== undefined && first === newest[1] + 1) {
    return [...ranges.slice(0, -1), [newest[0], Math.max(newest[1], last)]];
  }
  const before = ranges.filter((range) => range[1] < first - 1);
  const after = ranges.filter((range) => range[0] > last + 1);
  const touching = ranges.slice(before.length, ranges.length - after.length);
  const from = Math.min(first, touching[0]?.[0] ?? first);
  const to = Math.max(last, touching.at(-1)?.[1] ?? last);
  return [...before, [from, to], ...after];
};
