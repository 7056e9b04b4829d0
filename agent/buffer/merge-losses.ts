import type { Loss } from '#wire/windows.js';

/** Loss records that say together what more of them said: what changed of them, and the ordinals of those that say nothing now. */
export interface MergedLosses {
  readonly changed: readonly Loss[];
  readonly emptied: readonly number[];
}

/** Points named in one record at most; more are told as "all" (an empty list). */
const MOST_POINTS = 2_000;

/** The points of a record, as it names them. */
export const namedPoints = (points: readonly number[]): readonly number[] =>
  points.length > MOST_POINTS ? [] : points;

/** Only records of one kind are put together: a count stays exact, or a bound, and each cause apart. */
const kindOf = ({ cause, epoch, exact, note, firstSeq }: Loss): string =>
  JSON.stringify([cause, epoch, exact, note ?? '', firstSeq !== undefined]);

/** Whether no batch lies between what two records tell; of rows without a batch, none does. */
const adjoins = (a: Loss, b: Loss): boolean => a.lastSeq === undefined || a.lastSeq + 1 === b.firstSeq;

const least = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);

const most = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? (a ?? b) : Math.max(a, b);

const bothPoints = (a: Loss, b: Loss): readonly number[] =>
  a.points.length === 0 || b.points.length === 0
    ? []
    : namedPoints([...new Set([...a.points, ...b.points])].toSorted((x, y) => x - y));

/** One record for two; it names windows only where some stand for all that it counts. */
const together = (a: Loss, b: Loss): Loss => {
  const windows = (a.windows ?? 0) + (b.windows ?? 0);
  const heldBack = (a.heldBack ?? 0) + (b.heldBack ?? 0);
  const firstTime = least(a.firstTime, b.firstTime);
  const lastTime = most(a.lastTime, b.lastTime);
  const { ordinal, cause, epoch, exact, note, firstSeq, replacedByMs } = a;
  const lastSeq = b.lastSeq;
  const bare = replacedByMs === undefined || b.replacedByMs === undefined;
  return {
    ordinal,
    cause,
    epoch,
    ...(firstSeq === undefined || lastSeq === undefined ? {} : { firstSeq, lastSeq }),
    count: a.count + b.count,
    ...(windows === 0 ? {} : { windows }),
    ...(heldBack === 0 ? {} : { heldBack }),
    exact,
    ...(firstTime === undefined || lastTime === undefined ? {} : { firstTime, lastTime }),
    points: bothPoints(a, b),
    ...(bare ? {} : { replacedByMs: Math.max(replacedByMs, b.replacedByMs) }),
    ...(note === undefined ? {} : { note }),
  };
};

/**
 * Puts records of one kind together: those that name no batch, and those whose batches follow one another. What they count
 * stays the same to the number; whatever points and times they name, the one that is left names as well.
 */
export const mergeLosses = (records: readonly Loss[]): MergedLosses => {
  const kinds = new Map<string, Loss[]>();
  for (const record of records) {
    const kind = kindOf(record);
    const group = kinds.get(kind);
    if (group === undefined) kinds.set(kind, [record]);
    else group.push(record);
  }
  const changed: Loss[] = [];
  const emptied: number[] = [];
  for (const group of kinds.values()) {
    const [first, ...rest] = group.toSorted((a, b) => (a.firstSeq ?? 0) - (b.firstSeq ?? 0));
    let [open, grew] = [first, false];
    for (const next of rest) {
      if (open !== undefined && adjoins(open, next)) {
        open = together(open, next);
        grew = true;
        emptied.push(next.ordinal);
        continue;
      }
      if (open !== undefined && grew) changed.push(open);
      [open, grew] = [next, false];
    }
    if (open !== undefined && grew) changed.push(open);
  }
  return { changed, emptied };
};
