import type { UnitCounters } from '../../driver.js';
import {
  exceptionName,
  GATEWAY_TARGET_SILENT,
  ILLEGAL_DATA_ADDRESS,
  ILLEGAL_FUNCTION,
} from '../exceptions.js';

/** What was seen of one unit: its counters, and what its last answers complained of. */
export interface UnitObservation extends Pick<
  UnitCounters,
  'ok' | 'timeouts' | 'checksumErrors' | 'frameErrors' | 'exceptions' | 'lateReplies' | 'echoes'
> {
  /** How the reader names the unit. */
  readonly unit: string;
  /** Details of the faults of its last samples. */
  readonly faults: readonly string[];
}

export type HintCode =
  | 'nothing'
  | 'only-echo'
  | 'garbled'
  | 'noise'
  | 'absent'
  | 'duplicate'
  | 'late'
  | 'intermittent'
  | 'map'
  | 'function'
  | 'gateway';

/** What most probably is wrong, and where to look first. */
export interface Hint {
  readonly code: HintCode;
  /** Absent where it concerns the whole line. */
  readonly unit?: string;
  readonly text: string;
}

/** Fewer requests tell nothing. */
const ENOUGH = 3;
/** Share of damaged answers that a sound line does not have. */
const NOISY = 0.01;
/** Share of damaged answers of a unit whose address another one answers to, or whose own cable is bad. */
const BAD = 0.05;
/** How much more than the others' it must be to concern the unit alone. */
const FAR_ABOVE = 5;
const OFTEN_SILENT = 0.05;

const damaged = ({ checksumErrors, frameErrors }: UnitObservation): number => checksumErrors + frameErrors;
const sound = ({ ok, exceptions }: UnitObservation): number => ok + exceptions;
const asked = (unit: UnitObservation): number => sound(unit) + damaged(unit) + unit.timeouts;
const sum = (units: readonly UnitObservation[], of: (unit: UnitObservation) => number): number =>
  units.reduce((total, unit) => total + of(unit), 0);
const shareDamaged = (units: readonly UnitObservation[]): number =>
  sum(units, damaged) / Math.max(1, sum(units, asked));

/** What concerns every unit alike concerns the line. */
const lineHint = (units: readonly UnitObservation[]): Hint | undefined => {
  if (sum(units, asked) < ENOUGH) return undefined;
  const answers = sum(units, sound);
  const late = sum(units, ({ lateReplies }) => lateReplies);
  if (answers + late > 0) return undefined;
  if (sum(units, damaged) > 0) {
    const text =
      'what comes is damaged without exception: wrong speed, parity or framing; else A and B are loose or the line is not terminated';
    return { code: 'garbled', text };
  }
  if (sum(units, ({ echoes }) => echoes) > 0)
    return {
      code: 'only-echo',
      text: 'only our own requests come back: the adapter works; the devices have no power, A and B are swapped, or speed and format are wrong',
    };
  return {
    code: 'nothing',
    text: 'nothing at all comes back: A and B swapped, no power, the wrong port; then wrong speed, format or address',
  };
};

const noiseHint = (units: readonly UnitObservation[]): Hint | undefined => {
  const touched = units.filter((unit) => damaged(unit) > 0);
  if (touched.length < Math.min(2, units.length) || shareDamaged(units) < NOISY) return undefined;
  const text =
    'answers come damaged from several devices: terminate both ends with 120 ohms, connect the common wire, keep away from motor cables; speed and parity at the edge do the same';
  return { code: 'noise', text };
};

const damageHint = (unit: UnitObservation, others: readonly UnitObservation[]): Hint | undefined => {
  const share = shareDamaged([unit]);
  const enough = sound(unit) === 0 ? 1 : ENOUGH;
  if (sum(others, sound) === 0 || damaged(unit) < enough || share < BAD) return undefined;
  if (share < FAR_ABOVE * shareDamaged(others)) return undefined;
  const text =
    'its answers alone are damaged: two devices at this address (disconnect one and look again), or its own cable';
  return { code: 'duplicate', unit: unit.unit, text };
};

/** The timeout that is learned grows with a late answer; many of them go beyond the one that is configured. */
const oftenLate = (unit: UnitObservation): boolean =>
  sound(unit) === 0
    ? unit.lateReplies > 0
    : unit.lateReplies >= ENOUGH && unit.lateReplies / asked(unit) >= OFTEN_SILENT;

const silenceHint = (unit: UnitObservation, lineIsDead: boolean): Hint | undefined => {
  const { timeouts, lateReplies } = unit;
  if (oftenLate(unit))
    return {
      code: 'late',
      unit: unit.unit,
      text: `answered after the timeout ${lateReplies} times of ${asked(unit)}: a longer timeout on this bus`,
    };
  if (timeouts < ENOUGH || lineIsDead) return undefined;
  if (sound(unit) + damaged(unit) === 0)
    return {
      code: 'absent',
      unit: unit.unit,
      text: 'never answers, and others do: its power, its address, its own A and B',
    };
  return timeouts / asked(unit) < OFTEN_SILENT
    ? undefined
    : {
        code: 'intermittent',
        unit: unit.unit,
        text: `silent ${timeouts} times of ${asked(unit)}: a loose terminal, a supply that sags, or a longer pause between requests`,
      };
};

const REFUSALS: readonly (readonly [number, HintCode, string])[] = [
  [
    ILLEGAL_DATA_ADDRESS,
    'map',
    'refuses registers that its profile names: another model or version than the profile',
  ],
  [
    ILLEGAL_FUNCTION,
    'function',
    'does not know the function: input in place of holding registers, or another model',
  ],
  [
    GATEWAY_TARGET_SILENT,
    'gateway',
    'the gateway hears nothing from it: its power, its address, A and B on the line behind the gateway',
  ],
];

const refusalHints = ({ unit, faults }: UnitObservation): readonly Hint[] =>
  REFUSALS.flatMap(([code, hint, text]) =>
    faults.includes(exceptionName(code)) ? [{ code: hint, unit, text }] : [],
  );

/** What the counters of the units of one line most probably mean, the line first. Empty where all is well. */
export const hintsFor = (units: readonly UnitObservation[]): readonly Hint[] => {
  const line = lineHint(units);
  const own = units.flatMap((unit) => {
    const others = units.filter((other) => other !== unit);
    const found = [damageHint(unit, others), silenceHint(unit, line !== undefined)];
    return [...found.flatMap((hint) => hint ?? []), ...refusalHints(unit)];
  });
  const alone = own.some(({ code }) => code === 'duplicate');
  const noise = line === undefined && !alone ? noiseHint(units) : undefined;
  return [line, noise].flatMap((hint) => hint ?? []).concat(own);
};
