const SHOWN = 8;

/** Edits (insert, delete, replace) that lead from `a` to `b`. */
const distance = (a: string, b: string): number => {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 0; i < a.length; i += 1) {
    const row = [i + 1];
    for (let j = 0; j < b.length; j += 1) {
      const replaced = (previous[j] ?? 0) + (a[i] === b[j] ? 0 : 1);
      row.push(Math.min(replaced, (previous[j + 1] ?? 0) + 1, (row[j] ?? 0) + 1));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
};

const closeness = (written: string, candidate: string): number => {
  const a = written.slice(0, 64).toLowerCase();
  const b = candidate.slice(0, 64).toLowerCase();
  const contained = a.length > 2 && (b.includes(a) || a.includes(b)) ? 0.5 : 1;
  return (distance(a, b) * contained) / Math.max(a.length, b.length, 1);
};

/** The eight candidates nearest to what was written, nearest first; ties in alphabetical order. */
export const nearest = (written: string, candidates: Iterable<string>): readonly string[] =>
  [...candidates]
    .map((candidate) => ({ candidate, score: closeness(written, candidate) }))
    .toSorted((a, b) => a.score - b.score || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, SHOWN)
    .map(({ candidate }) => candidate);
