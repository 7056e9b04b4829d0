import { DIALECTS } from './dialects.js';
import { decodeRegisters } from './modbus/decode-registers.js';
import { fieldMask, valueRegisters } from './modbus/register-layout.js';
import {
  isFieldPoint,
  isRegisterPoint,
  type Profile,
  type RegisterPoint,
  type TelegramVector,
} from './profile.js';
import { samplesOf } from './telegram/samples-of.js';
import { TelegramError } from './telegram/telegram-error.js';

/**
 * One thing to say of a profile that parses: an `error` makes wrong values, a `warning` departs from the style; a `note`
 * is nothing to mend, but to know.
 */
export interface Finding {
  readonly level: 'error' | 'warning' | 'note';
  /** Key of the point; absent where it is of the whole profile. */
  readonly point?: string;
  readonly message: string;
}

/** A float32 holds about seven digits: what its vector says must agree so far. */
const FLOAT_TOLERANCE = 1e-6;

/** A vector of a register, or a whole telegram. */
type Vector = RegisterPoint['vectors'][number] | TelegramVector;

/** What others can look up: a place in a document, a document by its number or revision, a repository and path. */
const SOURCES: readonly RegExp[] = [
  /\b(page|section|chapter|appendix|command|issue|pull request)s?\b\W+\S/i,
  /\b(manual|guide|instructions|sheet|protocol)\b[^:;,]*\d/i,
  /\bhttps?:\/\/|[\w.+-]+\/[\w.+-]+|\bREADME\.md\b/i,
];

const hasValue = (vector: Vector): boolean =>
  'value' in vector || Object.values(vector.values).some((value) => value !== null);

/**
 * Whether a vector bears the map out: of this model, with a value, and from a source that others can look up; not one that
 * was made up.
 */
export const isCited = (vector: Vector): boolean =>
  vector.of === undefined &&
  hasValue(vector) &&
  !/\bsynthetic\b/i.test(vector.cite) &&
  SOURCES.some((source) => source.test(vector.cite));

/** All vectors of a profile: of its registers, or its telegrams. */
export const vectorsOf = ({ points, telegrams = [] }: Profile): readonly Vector[] => [
  ...points.filter(isRegisterPoint).flatMap(({ vectors }) => vectors),
  ...telegrams,
];

/** Whether a profile counts as borne out: a cited map of a real model, and a cited vector. */
export const isBorneOut = (profile: Profile): boolean =>
  !profile.source.synthetic && vectorsOf(profile).some(isCited);

const agree = (value: number | bigint | string, stated: number | string, point: RegisterPoint): boolean => {
  if (typeof value === 'string' || typeof stated === 'string') return value === stated;
  const distance = Math.abs(Number(value) - stated);
  const rough = point.register.type.startsWith('float') && point.decimals === undefined;
  return distance <= (rough ? Math.abs(stated) * FLOAT_TOLERANCE : 0);
};

/** Decodes each vector of a point as the driver would; says which do not mean what they state. */
export const checkVectors = (point: RegisterPoint): readonly Finding[] =>
  point.vectors.flatMap((vector): readonly Finding[] => {
    const bytes = Uint8Array.from(Buffer.from(vector.raw, 'hex'));
    const { value, fault } = decodeRegisters(bytes, point.register, point);
    if (value !== null && agree(value, vector.value, point)) return [];
    const got = value === null ? (fault?.detail ?? 'nothing') : String(value);
    const message = `the vector ${vector.raw} means ${got}, not ${vector.value} (${vector.cite})`;
    return [{ level: 'error', point: point.key, message }];
  });

const lintOrder = (points: readonly RegisterPoint[]): readonly Finding[] =>
  points.flatMap((point, index): readonly Finding[] => {
    const before = points[index - 1];
    const after =
      before === undefined ||
      before.register.table !== point.register.table ||
      valueRegisters(before.register).first <= valueRegisters(point.register).first;
    return after
      ? []
      : [{ level: 'warning', point: point.key, message: `stands after ${before.key}, a later register` }];
  });

/** Several points may have their own bits of one register. */
const isBit = ({ register }: RegisterPoint): boolean =>
  register.type === 'bool' || fieldMask(register) !== undefined;

const lintOverlaps = (points: readonly RegisterPoint[]): readonly Finding[] => {
  const sorted = points
    .filter((point) => !isBit(point))
    .toSorted((a, b) => valueRegisters(a.register).first - valueRegisters(b.register).first);
  return sorted.flatMap((point, index): readonly Finding[] => {
    const overlapped = sorted
      .slice(0, index)
      .find(
        ({ register }) =>
          register.table === point.register.table &&
          valueRegisters(register).end > valueRegisters(point.register).first,
      );
    if (overlapped === undefined) return [];
    return [
      { level: 'warning', point: point.key, message: `shares a register with the point ${overlapped.key}` },
    ];
  });
};

const lintSource = (profile: Profile): readonly Finding[] => {
  const { source } = profile;
  if (source.synthetic) return [];
  return [
    ...(source.page === undefined
      ? [
          {
            level: 'warning' as const,
            message: 'source.page is missing: where in the document the map stands',
          },
        ]
      : []),
    ...(isBorneOut(profile)
      ? []
      : [
          {
            level: 'note' as const,
            message: 'has no vector of this model that cites a document or a capture',
          },
        ]),
  ];
};

const lintPoint = (point: RegisterPoint): readonly Finding[] => {
  const { register, decimals, key } = point;
  if (!register.type.startsWith('float') || decimals !== undefined) return [];
  return [
    { level: 'warning', point: key, message: 'decimals is missing: a float has more digits than it means' },
  ];
};

/** Decodes each telegram as the driver would; says which points do not mean what they state in it. */
const lintTelegrams = ({ points, telegrams = [], section, protocol }: Profile): readonly Finding[] => {
  const decode = DIALECTS.get(protocol)?.telegrams?.decode;
  if (decode === undefined) return [];
  const fields = points.filter(isFieldPoint);
  return telegrams.flatMap(({ raw, values, cite }): readonly Finding[] => {
    try {
      const samples = samplesOf(fields, decode(Uint8Array.from(Buffer.from(raw, 'hex')), section), 0);
      return samples.flatMap(({ point, value, fault }): readonly Finding[] => {
        const stated = values[point];
        if (stated === undefined || stated === (typeof value === 'bigint' ? Number(value) : value)) return [];
        const got = value ?? fault?.detail ?? 'nothing';
        const message = `means ${got}, not ${stated}, in the telegram of ${cite}`;
        return [{ level: 'error', point, message }];
      });
    } catch (error) {
      if (!(error instanceof TelegramError)) throw error;
      return [{ level: 'error', message: `the telegram of ${cite} cannot be read: ${error.message}` }];
    }
  });
};

/** All that can be said of a profile without a device: its vectors, and the written style (`config/README.md`). */
export const lintProfile = (profile: Profile): readonly Finding[] => {
  const registers = profile.points.filter(isRegisterPoint);
  return [
    ...lintSource(profile),
    ...lintOrder(registers),
    ...lintOverlaps(registers),
    ...lintTelegrams(profile),
    ...registers.flatMap((point) => [...checkVectors(point), ...lintPoint(point)]),
  ];
};
