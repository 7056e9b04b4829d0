import { counterStep } from '#wire/aggregate/counter-step.js';
import type { Value } from '#wire/terms.js';
import type { InstallationRecord } from '../../store/organisations-store.js';
import type { Span } from '../../store/periods.js';

/** One meter at a location, from when to when, and the point that counts. */
export interface Leg {
  readonly installation: InstallationRecord;
  readonly property: string;
  readonly pointId: string;
  readonly rollover: number | undefined;
}

/** What a counter said, in order of time. Of readings, or where none are kept, of the edges of finer cells. */
export interface Index {
  readonly time: number;
  readonly value: Value;
}

export interface Legs {
  /** What the counter of a leg said in [from, to), ascending. */
  readonly indexes: (leg: Leg, span: Span) => readonly Index[];
  /** The last that it said before `time`. */
  readonly before: (leg: Leg, time: number) => Index | undefined;
  /** Whether all of that time may be read: else what lies across it is another's. */
  readonly readable: (leg: Leg, span: Span) => boolean;
}

/** Why a part of a consumption is not known. */
export type Lack = 'no-reading' | 'no-first-index' | 'no-last-index' | 'reset' | 'not-yours';

export interface Missing extends Span {
  readonly installationId: string;
  readonly why: Lack;
}

export interface Consumption {
  /** What was used, in the points' unit; `null`: nothing is known. */
  readonly value: number | null;
  readonly missing: readonly Missing[];
  /** Of the installations, those whose ratio was revised: the value goes by the revision. */
  readonly revised: boolean;
}

/**
 * What a location used over [from, to): the steps of each meter's counter whose later reading lies in it, and at a
 * replacement what the old one advanced to its last index, and the new one since its first. A counter that falls
 * without a rollover was reset: what was counted around that is missing, and said to be.
 */
export const consumptionOf = (legs: readonly Leg[], source: Legs, { from, to }: Span): Consumption => {
  let value: number | null = null;
  const missing: Missing[] = [];
  let revised = false;
  for (const leg of legs) {
    const { installation } = leg;
    const span = { from: Math.max(from, installation.from), to: Math.min(to, installation.to ?? Infinity) };
    const ends = installation.to !== null && installation.to >= from && installation.to < to;
    if (span.from >= span.to && !ends) continue;
    const used = legConsumption(leg, source, span, ends);
    missing.push(...used.missing);
    if (used.value === null) continue;
    const { ratio, revisedRatio } = installation;
    if (revisedRatio !== null) revised = true;
    value = (value ?? 0) + (used.value * (revisedRatio ?? ratio)) / ratio;
  }
  return { value: value === null ? null : tidy(value), missing, revised };
};

interface LegConsumption {
  readonly value: number | null;
  readonly missing: readonly Missing[];
}

const legConsumption = (leg: Leg, source: Legs, span: Span, ends: boolean): LegConsumption => {
  const { installation, property, rollover } = leg;
  const said = span.from < span.to ? source.indexes(leg, span) : [];
  const missing: Missing[] = [];
  const lack = (why: Lack, from: number, to: number): void =>
    void missing.push({ installationId: installation.id, why, from, to });
  const earlier = beginningOf(leg, source, span);
  let last = earlier;
  let value: number | null = null;
  for (const index of said) {
    if (last !== undefined && !source.readable(leg, { from: last.time, to: index.time })) {
      lack('not-yours', last.time, index.time);
    } else if (last !== undefined) {
      const step = counterStep(last.value, index.value, rollover);
      if (step === undefined) lack('reset', last.time, index.time);
      else value = (value ?? 0) + step;
    } else if (installation.from > 0 && installation.from >= span.from) {
      lack('no-first-index', installation.from, index.time);
    }
    last = index;
  }
  if (said.length === 0 && !ends) lack('no-reading', span.from, span.to);
  if (!ends || installation.to === null) return { value, missing };
  const final = installation.lastIndex?.[property];
  if (final === undefined || last === undefined) {
    lack(final === undefined ? 'no-last-index' : 'no-reading', last?.time ?? span.from, installation.to);
  } else if (!source.readable(leg, { from: last.time, to: installation.to })) {
    lack('not-yours', last.time, installation.to);
  } else {
    const step = counterStep(last.value, final, rollover);
    if (step === undefined) lack('reset', last.time, installation.to);
    else value = (value ?? 0) + step;
  }
  return { value, missing };
};

/** What the counter stood at before the first reading of the span: an earlier reading of this meter, or its first index. */
const beginningOf = (leg: Leg, source: Legs, span: Span): Index | undefined => {
  const { installation, property } = leg;
  const before = source.before(leg, span.from);
  if (before !== undefined && before.time >= installation.from) return before;
  const first = installation.firstIndex?.[property];
  return first === undefined ? undefined : { time: installation.from, value: first };
};

/** Sums of decimals carry float noise in the 15th digit; a dial has no more than twelve. */
const tidy = (value: number): number => Number(value.toPrecision(13));
