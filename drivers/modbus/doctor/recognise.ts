import type { Sample } from '../../sample.js';
import { isRegisterPoint, type Profile, type RegisterPoint } from '../../profile.js';
import { byteWidth, isBitTable } from '../register-layout.js';

/**
 * How much the answers of a device speak for a profile, in bits: each point adds the logarithm of how unlikely
 * its value would be, were the registers those of another model.
 */
export interface Evidence {
  readonly profile: Profile;
  readonly bits: number;
  /** Points with a value that fits. */
  readonly fitting: number;
  /** Points that the device refuses, or whose values do not fit. */
  readonly against: number;
  /** The identity that the profile states was found. */
  readonly identified: boolean;
}

export interface Recognition {
  /** The profile that fits best; absent where none fits. */
  readonly best?: Evidence;
  /** Whether the evidence is enough to go by; `false`: nothing speaks against it, and little for it. */
  readonly certain: boolean;
  /** Others that fit nearly as well, best first. */
  readonly rivals: readonly Evidence[];
}

const AGAINST = -6;
const MOST = 8;
/** Registers full of zeros fit nearly every map. */
const ZERO = 0.25;
/** Small whole numbers stand in many registers of many models. */
const INTEGER_WEIGHT = 0.5;
const ENOUGH_BITS = 10;
/** Of a model with few points, all of which fit. */
const SOME_BITS = 1;
const RIVAL_BITS = 4;
const IDENTITY_BITS = 40;

/** Floats outside are other bytes read as a float. */
const SMALLEST_FLOAT = 1e-4;
const LARGEST_FLOAT = 1e9;
const BINADES = 256;

/** Where values of live devices lie: they tell scale and byte order, which a wide range does not. */
const TYPICAL: ReadonlyMap<string, readonly (readonly [number, number])[]> = new Map([
  [
    'voltage',
    [
      [100, 130],
      [205, 260],
      [365, 440],
    ] as const,
  ],
  [
    'frequency',
    [
      [49, 51],
      [59, 61],
    ] as const,
  ],
  ['atmospheric_pressure', [[930, 1060]] as const],
]);

const TYPICAL_BITS = 4;
/** A property that is hardly ever 0 where the device is alive. */
const ALIVE = new Set(['voltage', 'frequency', 'atmospheric_pressure']);

const floatBits = (value: number, range: RegisterPoint['range']): number => {
  const size = Math.abs(value);
  if (size < SMALLEST_FLOAT || size > LARGEST_FLOAT) return AGAINST;
  const [low, high] = range ?? [-LARGEST_FLOAT, LARGEST_FLOAT];
  const binades = Math.log2(Math.max(Math.abs(low), Math.abs(high), 1) / SMALLEST_FLOAT);
  return Math.min(MOST, -Math.log2(binades / BINADES / (low < 0 ? 1 : 2)));
};

const integerBits = (value: number, point: RegisterPoint): number => {
  const width = 8 * byteWidth(point.register);
  const steps = (size: number): number => Math.log2(Math.max(1, Math.abs(size / point.scale)));
  const known = point.range === undefined ? steps(value) + 1 : steps(point.range[1] - point.range[0]);
  return INTEGER_WEIGHT * Math.min(MOST, Math.max(0, width - known));
};

const numberBits = (value: number, point: RegisterPoint): number => {
  const { range, property, register, states } = point;
  if (states !== undefined) {
    if (states[String(value)] === undefined) return AGAINST;
    return value === 0 || isBitTable(register.table) ? ZERO : 1;
  }
  if (range !== undefined && (value < range[0] || value > range[1])) return AGAINST;
  if (value === 0) return ALIVE.has(property) ? -1 : ZERO;
  const typical = TYPICAL.get(property)?.some(([low, high]) => value >= low && value <= high) ?? false;
  const bits = register.type.startsWith('float') ? floatBits(value, range) : integerBits(value, point);
  return bits < 0 ? bits : Math.min(MOST, bits + (typical ? TYPICAL_BITS : 0));
};

const textBits = (text: string): number =>
  /^[\x20-\x7e\u00a0-\u00ff]{3,}$/.test(text) ? 2 : text === '' ? 0 : -2;

/** Bits for (or against) that this point lives where the profile says; 0 where the line failed. */
export const weighSample = (
  point: RegisterPoint,
  { value, fault }: Pick<Sample, 'value' | 'fault'>,
): number => {
  if (fault?.code === 'exception' || fault?.code === 'decode') return AGAINST;
  if (value === null) return 0;
  return typeof value === 'string' ? textBits(value) : numberBits(Number(value), point);
};

/** Weighs all that a device answered to the questions of one profile. */
export const weigh = (profile: Profile, samples: readonly Sample[], identified = false): Evidence => {
  const weights = samples.flatMap((sample) => {
    const point = profile.points.find(({ key }) => key === sample.point);
    return point === undefined || !isRegisterPoint(point) ? [] : [weighSample(point, sample)];
  });
  return {
    profile,
    bits: weights.reduce((sum, bits) => sum + bits, identified ? IDENTITY_BITS : 0),
    fitting: weights.filter((bits) => bits > 0).length,
    against: weights.filter((bits) => bits <= AGAINST).length,
    identified,
  };
};

const isCertain = ({ bits }: Evidence): boolean => bits >= ENOUGH_BITS;
const isPossible = ({ bits, against }: Evidence): boolean => bits >= SOME_BITS && against === 0;

/** The profile that the evidence speaks for, if it does; of equals a model that exists comes before a synthetic one. */
export const recognise = (evidence: readonly Evidence[]): Recognition => {
  const certain = evidence.some(isCertain);
  const [best, ...others] = evidence
    .filter(certain ? isCertain : isPossible)
    .toSorted(
      (a, b) => b.bits - a.bits || Number(a.profile.source.synthetic) - Number(b.profile.source.synthetic),
    );
  if (best === undefined) return { certain: false, rivals: [] };
  return { best, certain, rivals: others.filter(({ bits }) => bits >= best.bits - RIVAL_BITS) };
};

/** How much a fitting value of this point would tell. */
const promise = ({ register, property, range }: RegisterPoint): number => {
  if (register.type === 'string' || isBitTable(register.table)) return 0;
  const typical = TYPICAL.has(property) ? TYPICAL_BITS : 0;
  return typical + (range === undefined ? 0 : 2) + (register.type.startsWith('float') ? 2 : 1);
};

/** Distinctive first: what is asked before the rest, since most profiles are not the one. */
export const characteristicPoints = (profile: Profile, count = 3): readonly RegisterPoint[] => {
  return profile.points
    .filter(isRegisterPoint)
    .toSorted((a, b) => promise(b) - promise(a))
    .slice(0, count);
};
