import { counterStep } from '#wire/aggregate/counter-step.js';
import type { Kind, Reason, Value } from '#wire/terms.js';
import type { ConfiguredPoint } from '../twin/configuration.js';

/** What the tests remember of a point: values that may enter an aggregate. Times are monotonic ms. */
export interface QualityState {
  /** The last one that did not stand out. */
  readonly value: Value;
  readonly at: number;
  /** Since when the value has been the same. */
  readonly sameSince: number;
  /** The last ones that did not stand out, the newest last. */
  readonly recent: readonly Value[];
  /** One after those that stood out: the next may bear it out. */
  readonly doubted?: Value;
}

/** A point's tests; all thresholds are in its unit, the installation's coefficients included. */
export interface QualityTests extends Pick<ConfiguredPoint, 'kind' | 'range' | 'maxRatePerS' | 'tests'> {
  /** Counter: value at which it wraps to 0. */
  readonly rollover?: number;
}

export interface Candidate {
  readonly value: Value;
  readonly at: number;
  /** 1 to 12; `undefined` while the clock does not know. */
  readonly month: number | undefined;
}

export interface Tested {
  readonly flag: 1 | 3 | 4;
  readonly reason: Reason;
}

/** `undefined`: the test could not judge. */
type Test = (tests: QualityTests, last: QualityState | undefined, candidate: Candidate) => Tested | undefined;

const PASSED: Tested = { flag: 1, reason: 'none' };

/** How far two values of a kind lie apart; `undefined` where that means nothing. Angles go the short way round. */
export const distance = (kind: Kind, a: Value, b: Value): number | undefined => {
  if (kind === 'state' || kind === 'text' || typeof a === 'string' || typeof b === 'string') return undefined;
  const apart =
    typeof a === 'bigint' && typeof b === 'bigint'
      ? Math.abs(Number(a - b))
      : Math.abs(Number(a) - Number(b));
  return kind === 'angle' ? Math.min(apart % 360, 360 - (apart % 360)) : apart;
};

const within = ([lowest, highest]: readonly [number, number], value: Value): boolean | undefined =>
  typeof value === 'string' ? undefined : value >= lowest && value <= highest;

/** QARTOD test 4, gross range: beyond what the sensor can say it is wrong, beyond what is usual suspect. */
const grossRange: Test = ({ range, tests: { usual } }, _, { value }) => {
  const possible = range === undefined ? undefined : within(range, value);
  if (possible === false) return { flag: 4, reason: 'range' };
  const usually = usual === undefined ? undefined : within(usual, value);
  if (usually === false) return { flag: 3, reason: 'range' };
  return possible === undefined && usually === undefined ? undefined : PASSED;
};

/** QARTOD test 5, climatology: what is usual in the month. */
const climatology: Test = ({ tests }, _, { value, month }) => {
  const range = month === undefined ? undefined : tests.climatology?.[month - 1];
  const usually = range === undefined || range === null ? undefined : within(range, value);
  if (usually === undefined) return undefined;
  return usually ? PASSED : { flag: 3, reason: 'climatology' };
};

/** Whether a value says that the one before it, which stood out, was right. */
export const bearsOut = ({ kind, tests }: QualityTests, last: QualityState, value: Value): boolean => {
  const apart = last.doubted === undefined ? undefined : distance(kind, last.doubted, value);
  return apart !== undefined && apart <= (tests.spike?.suspect ?? 0);
};

/**
 * QARTOD test 6, spike, without waiting for the next value: one that lies far from both before it stands out. The next
 * one near to it bears it out, and then both were a step.
 */
const spike: Test = (point, last, { value }) => {
  const { kind, tests } = point;
  if (tests.spike === undefined || last === undefined || kind === 'counter') return undefined;
  if (bearsOut(point, last, value)) return PASSED;
  const apart = last.recent.flatMap((before) => distance(kind, before, value) ?? []);
  if (apart.length === 0) return undefined;
  const nearest = Math.min(...apart);
  if (nearest <= tests.spike.suspect) return PASSED;
  return { flag: tests.spike.bad !== undefined && nearest > tests.spike.bad ? 4 : 3, reason: 'spike' };
};

/** QARTOD test 7, rate of change. */
const rateOfChange: Test = ({ kind, maxRatePerS, rollover }, last, { value, at }) => {
  if (maxRatePerS === undefined || last === undefined || at <= last.at) return undefined;
  const change =
    kind === 'counter' ? counterStep(last.value, value, rollover) : distance(kind, last.value, value);
  if (change === undefined) return undefined;
  return change / ((at - last.at) / 1000) > maxRatePerS ? { flag: 3, reason: 'rate' } : PASSED;
};

/** QARTOD test 8, flat line. */
const flatLine: Test = ({ tests: { flatLineMs } }, last, { value, at }) => {
  if (flatLineMs === undefined || last === undefined) return undefined;
  return last.value === value && at - last.sameSince >= flatLineMs
    ? { flag: 3, reason: 'flat-line' }
    : PASSED;
};

/** QARTOD test 1, timing and gap: the first value after too long without one. */
const gap: Test = ({ tests: { gapMs } }, last, { at }) => {
  if (gapMs === undefined || last === undefined) return undefined;
  return at - last.at > gapMs ? { flag: 3, reason: 'gap' } : PASSED;
};

/** In the order in which their reasons are given where several fail alike. */
export const TESTS: readonly Test[] = [grossRange, climatology, spike, rateOfChange, flatLine, gap];
