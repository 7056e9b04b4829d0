import type { SeqRange } from '#wire/messages.js';

export const inRanges = (seq: number, ranges: readonly SeqRange[]): boolean =>
  ranges.some(([first, last]) => seq >= first && seq <= last);

/** Splits the first `limit` numbers off; gives them as ranges, and what is left. */
export const takeFromRanges = (
  ranges: readonly SeqRange[],
  limit: number,
): { readonly taken: readonly SeqRange[]; readonly rest: readonly SeqRange[] } => {
  const taken: SeqRange[] = [];
  const rest: SeqRange[] = [];
  let free = limit;
  for (const [first, last] of ranges) {
    const end = Math.min(last, first + free - 1);
    if (end >= first) taken.push([first, end]);
    if (end < last) rest.push([end + 1, last]);
    free -= Math.max(0, end - first + 1);
  }
  return { taken, rest };
};

/** `range` less all of `removed`. */
export const subtractRanges = (range: SeqRange, removed: readonly SeqRange[]): readonly SeqRange[] =>
  removed.reduce<readonly SeqRange[]>(
    (left, [first, last]) =>
      left.flatMap(([from, to]): readonly SeqRange[] => {
        if (last < from || first > to) return [[from, to]];
        const before: readonly SeqRange[] = from < first ? [[from, first - 1]] : [];
        const after: readonly SeqRange[] = to > last ? [[last + 1, to]] : [];
        return [...before, ...after];
      }),
    [range],
  );
