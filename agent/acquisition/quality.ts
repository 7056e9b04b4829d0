import type { Flag, Reason, Value } from '#wire/terms.js';
import type { Fault, Sample } from '../../drivers/sample.js';
import {
  bearsOut,
  TESTS,
  type Candidate,
  type QualityState,
  type QualityTests,
  type Tested,
} from './quality-tests.js';

const LONGEST_TEXT_BYTES = 255;

export interface Judgement {
  readonly value: Value | null;
  readonly flag: Flag;
  readonly reason: Reason;
  /** To hand in with the point's next value. */
  readonly state: QualityState | undefined;
}

const FAULT_REASONS: Readonly<Record<Fault['code'], Reason>> = {
  timeout: 'no-answer',
  closed: 'no-answer',
  checksum: 'bus-error',
  frame: 'bus-error',
  exception: 'bus-error',
  sentinel: 'sentinel',
  sensor: 'sensor-fault',
  decode: 'decode',
  identity: 'wrong-device',
};

/** Whether the contract can carry the value: finite, within int64, short text. */
const carried = (value: Value): boolean => {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value === 'bigint') return BigInt.asIntN(64, value) === value;
  return Buffer.byteLength(value) <= LONGEST_TEXT_BYTES;
};

/** The verdict that stands: the worst, and of equals the first. */
const worst = (verdicts: readonly Tested[]): Tested | undefined =>
  verdicts.find(({ flag }) => flag === 4) ??
  verdicts.find(({ flag }) => flag === 3) ??
  verdicts.find(({ flag }) => flag === 1);

/** How many values before it one is compared with. */
const REMEMBERED = 2;

/** What the next value is compared with. One that stands out is borne out by the next, or forgotten. */
const remember = (
  tests: QualityTests,
  last: QualityState | undefined,
  { value, at }: Candidate,
  stoodOut: boolean,
): QualityState => {
  if (stoodOut && last !== undefined) return { ...last, doubted: value };
  const before =
    last?.doubted !== undefined && bearsOut(tests, last, value) ? [last.doubted] : (last?.recent ?? []);
  return {
    value,
    at,
    sameSince: last !== undefined && last.value === value ? last.sameSince : at,
    recent: [...before, value].slice(-REMEMBERED),
  };
};

const judgeValue = (
  tests: QualityTests,
  last: QualityState | undefined,
  value: Value,
  at: number,
  month: number | undefined,
): Judgement => {
  const candidate = { value, at, month };
  const verdicts = TESTS.flatMap((test) => test(tests, last, candidate) ?? []);
  const verdict = worst(verdicts);
  if (verdict?.flag === 4 && verdict.reason === 'range') return { value, ...verdict, state: last };
  const stoodOut = verdicts.some(({ reason }) => reason === 'spike');
  const state = remember(tests, last, candidate, stoodOut);
  return { value, flag: verdict?.flag ?? 2, reason: verdict?.reason ?? 'none', state };
};

/**
 * Judges one sample by its point's tests (`quality-tests.ts`; the worst verdict wins). `month` is that of its time, 1 to
 * 12, where the clock knows it. `value` is the sample's as its installation makes it. No value is flag 9, also where the sensor itself
 * says so: QARTOD keeps 4 for values that are there and wrong. A value that no test could judge is 2, not 1.
 * What the device itself says not to trust is suspect, for the device's reason. A reset counter has no rate. Tests that
 * compare do so with values of flags 1 to 3.
 */
export const judge = (
  tests: QualityTests,
  last: QualityState | undefined,
  sample: Pick<Sample, 'fault' | 'doubt' | 'at'>,
  value: Value | null,
  month?: number,
): Judgement => {
  if (sample.fault !== undefined || value === null) {
    const reason = FAULT_REASONS[sample.fault?.code ?? 'sentinel'];
    return { value: null, flag: 9, reason, state: last };
  }
  if (!carried(value)) return { value: null, flag: 9, reason: 'decode', state: last };
  const judgement = judgeValue(tests, last, value, sample.at, month);
  if (sample.doubt === undefined || judgement.flag === 4) return judgement;
  return { ...judgement, flag: 3, reason: sample.doubt.reason };
};
