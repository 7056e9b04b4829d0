import { Type, type Static } from 'typebox';
import { DAY, HOUR, MINUTE, QUARTER } from '../store/periods.js';

/** Resolutions from finest to coarsest, as terms name them, and the period of each, ms. */
export const FINEST = { raw: 0, '1m': MINUTE, '15m': QUARTER, '1h': HOUR, '1d': DAY } as const;
export type Finest = keyof typeof FINEST;
export const FINEST_NAMES = ['raw', '1m', '15m', '1h', '1d'] as const satisfies readonly Finest[];

const MAX_DELAY_MS = 10 * 366 * DAY;

/** West, south, east, north, degrees of WGS 84 (GeoJSON bbox). */
export const AREA = Type.Array(Type.Number({ minimum: -180, maximum: 180 }), {
  minItems: 4,
  maxItems: 4,
  description: 'West, south, east, north in degrees of WGS 84.',
});
export type Area = Static<typeof AREA>;

/** What a reader must keep to. */
export const CONDITIONS = Type.Object(
  {
    finest: Type.Optional(Type.Enum([...FINEST_NAMES], { description: 'Finest resolution; raw if absent.' })),
    delayMs: Type.Optional(
      Type.Integer({ minimum: 0, maximum: MAX_DELAY_MS, description: 'Only what is at least this old.' }),
    ),
    area: Type.Optional(AREA),
    aggregation: Type.Optional(
      Type.Object(
        {
          contributors: Type.Integer({ minimum: 3, maximum: 1_000_000 }),
          maxShare: Type.Number({ exclusiveMinimum: 0, maximum: 1 }),
        },
        {
          additionalProperties: false,
          description:
            'Only as aggregate over so many contributors, none of which makes more than this share.',
        },
      ),
    ),
    from: Type.Optional(
      Type.Integer({ minimum: 0, description: 'Only readings from this time on, UTC ms.' }),
    ),
    to: Type.Optional(Type.Integer({ minimum: 0, description: 'Only readings before this time, UTC ms.' })),
    onwardSharing: Type.Optional(
      Type.Boolean({ description: 'Whether the receiver may pass it on; absent: no.' }),
    ),
  },
  { additionalProperties: false },
);
export type Conditions = Static<typeof CONDITIONS>;

/** Conditions with nothing left open. */
export interface Effective {
  readonly finestMs: number;
  readonly delayMs: number;
  /** All of them must contain the place. */
  readonly areas: readonly Area[];
  readonly aggregation: { readonly contributors: number; readonly maxShare: number } | null;
  readonly from: number;
  readonly to: number;
  readonly onwardSharing: boolean;
}

/** Aggregates over several points are made of cells: no finer than these, ms. */
const FINEST_AGGREGATED = QUARTER;

const finestOf = ({ finest = 'raw', aggregation }: Conditions): number =>
  Math.max(FINEST[finest], aggregation === undefined ? 0 : FINEST_AGGREGATED);

export const effectiveOf = (conditions: Conditions): Effective => ({
  finestMs: finestOf(conditions),
  delayMs: conditions.delayMs ?? 0,
  areas: conditions.area === undefined ? [] : [conditions.area],
  aggregation: conditions.aggregation ?? null,
  from: conditions.from ?? -Infinity,
  to: conditions.to ?? Infinity,
  onwardSharing: conditions.onwardSharing ?? false,
});

/**
 * Before which time these conditions give something: a delay gives what is older than it, and a resolution coarser than
 * raw whole cells, of which the one that runs is none: asked for again and again it would tell each reading.
 */
export const givenBefore = (
  { finestMs, delayMs }: Pick<Effective, 'finestMs' | 'delayMs'>,
  now: number,
): number => (finestMs > 0 || delayMs > 0 ? now - delayMs : Infinity);

/** Of each condition the one that protects more: what holds where several apply to the same data. */
export const mostProtective = (one: Effective, other: Effective): Effective => ({
  finestMs: Math.max(one.finestMs, other.finestMs),
  delayMs: Math.max(one.delayMs, other.delayMs),
  areas: [...one.areas, ...other.areas],
  aggregation: stricter(one.aggregation, other.aggregation),
  from: Math.max(one.from, other.from),
  to: Math.min(one.to, other.to),
  onwardSharing: one.onwardSharing && other.onwardSharing,
});

const stricter = (
  one: Effective['aggregation'],
  other: Effective['aggregation'],
): Effective['aggregation'] => {
  if (one === null || other === null) return one ?? other;
  return {
    contributors: Math.max(one.contributors, other.contributors),
    maxShare: Math.min(one.maxShare, other.maxShare),
  };
};
