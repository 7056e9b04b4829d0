import { PURPOSES } from '../../access/keys/purposes.js';
import type { Span } from '../../store/periods.js';
import type { Effective } from '../conditions.js';
import { consentsOf, inAreas, selects, spanOf, type Part } from '../decide.js';
import { flowsFor, type Flow, type Policy, type Reading } from '../flows.js';
import type { Scope } from '../scope.js';
import type { Held, Placed } from '../selection.js';

/** A stretch of a point that is given within aggregates of its pool, and how. */
export interface PoolPart extends Span {
  /** The same for all that are added up: agreement or open dataset, giver, and all that the reader's clauses say of them. */
  readonly pool: string;
  readonly giver: string;
  readonly locationId: string;
  /** The one resolution of the pool, ms. */
  readonly resolutionMs: number;
  readonly threshold: NonNullable<Effective['aggregation']>;
  /** Datasets by which it is given. */
  readonly datasets: readonly string[];
}

export interface Pooled {
  readonly parts: readonly PoolPart[];
  /** What the reader reads of the point by itself, now or later, for whatever purpose: never within an aggregate. */
  readonly individual: readonly Span[];
}

export interface PoolReader extends Reading {
  /** The organisations whose data the reader reads without an agreement. */
  readonly own: ReadonlySet<string>;
  readonly bodyOf: (organisationId: string) => string;
}

/** What a point was, by whom held. */
export interface PointPast {
  readonly placed: readonly Placed[];
  readonly held: readonly Held[];
}

/**
 * Puts points that a reader is given in aggregates alone into pools. Pools cannot be differenced: which one a stretch is
 * in hangs on all clauses that give it to the reader for any purpose, and on nothing that is asked; so two of them are
 * the same or have nothing in common, whatever is asked for which purpose. Pure.
 */
export const createPools = (policy: Policy, reader: PoolReader): ((past: PointPast) => Pooled) => {
  const now = flowsFor(policy, reader);
  const byPurpose = [null, ...PURPOSES].map((purpose) => flowsFor(policy, { ...reader, purpose }));
  const all = [...new Map(byPurpose.flat().map((flow) => [nameOf(flow), flow])).values()];
  return ({ placed, held }) => {
    const parts = placed.map((place): StandingPart => ({
      body: reader.bodyOf(place.organisationId),
      placed: place,
      from: place.from,
      to: place.to,
    }));
    return {
      parts: parts.flatMap((part) => poolPartsOf(part, { now, all, byPurpose }, reader.now)),
      individual: [
        ...held.filter(({ organisationId }) => reader.own.has(organisationId)),
        ...parts.flatMap((part) => byPurpose.flatMap((flows) => individualOf(part, flows))),
      ],
    };
  };
};

interface Flows {
  readonly now: readonly Flow[];
  readonly all: readonly Flow[];
  readonly byPurpose: readonly (readonly Flow[])[];
}

type StandingPart = Part & { readonly placed: Placed };

const nameOf = ({ group, clause }: Flow): string => JSON.stringify([group, clause]);

const poolPartsOf = (
  part: StandingPart,
  { now, all, byPurpose }: Flows,
  time: number,
): readonly PoolPart[] => {
  const { locationId } = part.placed;
  if (locationId === null) return [];
  const signature = all
    .filter((flow) => selects(flow, part))
    .map((flow) => JSON.stringify([nameOf(flow), inAreas(flow.effective, part)]))
    .toSorted();
  const resolutionMs = coarsestOf(part, byPurpose);
  return consentsOf(part, now).flatMap(({ group, effective }): PoolPart[] => {
    const { aggregation: threshold } = effective;
    const { from, to } = spanOf({ now: time }, part, effective);
    if (threshold === null || from >= to) return [];
    const given = now.filter((flow) => flow.group === group && selects(flow, part));
    const datasets = [...new Set(given.map(({ datasetId }) => datasetId))].toSorted();
    const pool = JSON.stringify([group, part.body, resolutionMs, threshold, signature]);
    return [{ pool, giver: part.body, locationId, from, to, resolutionMs, threshold, datasets }];
  });
};

/** Days less the hours that are given too would tell the hours that are withheld: one resolution for all purposes. */
const coarsestOf = (part: StandingPart, byPurpose: Flows['byPurpose']): number =>
  Math.max(
    ...byPurpose
      .flatMap((flows) => consentsOf(part, flows))
      .map(({ effective }) => (effective.aggregation === null ? 0 : effective.finestMs)),
  );

/** Also what a delay still withholds: it is given later. */
const individualOf = (part: StandingPart, flows: readonly Flow[]): readonly Span[] =>
  consentsOf(part, flows)
    .filter(({ effective }) => effective.aggregation === null)
    .map(({ effective }) => spanOf({ now: Infinity }, part, effective))
    .filter(({ from, to }) => from < to);

/** What a store is asked for on behalf of pools: what the scope gives in aggregates, as if it were given by itself. */
export const pooledScope = ({ shared }: Scope): Scope => {
  const groups = new Set(shared.filter(({ aggregateOnly }) => aggregateOnly).map(({ group }) => group));
  return {
    grants: [],
    shared: shared
      .filter(({ group }) => groups.has(group))
      .map((grant) => ({ ...grant, aggregateOnly: false })),
  };
};
