import { joinSpans, type Span } from '../store/periods.js';
import { givenBefore, mostProtective, type Effective } from './conditions.js';
import { consideredFor, openFlows, type Flow, type Policy, type Reading, type Withheld } from './flows.js';
import { isWithin, matches, matchingOf, type Held, type Placed } from './selection.js';

/** What somebody would read. */
export interface Asked extends Reading {
  /** The organisations whose data the reader reads without an agreement: its own and those below. */
  readonly own: ReadonlySet<string>;
  /** The legal body that an organisation is a service of; itself where it is none. */
  readonly bodyOf: (organisationId: string) => string;
  /** A point over time, or a dataset. */
  readonly target:
    { readonly placed: readonly Placed[]; readonly held: readonly Held[] } | { readonly datasetId: string };
  readonly resolutionMs: number;
  /** [from, to), UTC ms. */
  readonly from: number;
  readonly to: number;
}

/** Why a clause does not give all that was asked. */
export type Limit =
  | Withheld
  | 'not-selected'
  | 'outside-area'
  | 'aggregate-only'
  | 'coarser'
  | 'delayed'
  | 'running'
  | 'outside-period';

/** One clause that the decision rests on. */
export interface Ground {
  readonly agreementId: string | null;
  readonly version: number | null;
  readonly clause: string | null;
  readonly datasetId: string;
  readonly gives: boolean;
  readonly limits: readonly Limit[];
}

/** A time that may be read at this resolution and coarser ones. */
export interface Given extends Span {
  readonly finestMs: number;
}

export interface Decision {
  readonly outcome: 'permit' | 'permit-reduced' | 'deny';
  /** Whether it is the reader's own. */
  readonly own: boolean;
  readonly given: readonly Given[];
  /** Only within an aggregate over so many contributors. */
  readonly aggregation: Effective['aggregation'];
  readonly onwardSharing: boolean;
  readonly grounds: readonly Ground[];
}

/**
 * The one place that says who may read what of whom for what. Pure. What scopes give (`compile-scope.ts`, applied by
 * the stores) is the same rule in another form; tests hold the two together.
 */
export const decide = (policy: Policy, asked: Asked): Decision => {
  const considered = consideredFor(policy, asked);
  const flows = [...openFlows(policy), ...considered.flatMap(({ flow }) => (flow === null ? [] : [flow]))];
  const parts = partsOf(policy, asked);
  const own = ownOf(policy, asked);
  const given = [...own, ...parts.flatMap((part) => givenOf(asked, part, flows))];
  const aggregates = parts.flatMap((part) => aggregatesOf(asked, part, flows));
  const grounds = [
    ...flows.flatMap((flow) => groundOf(asked, parts, flow)),
    ...considered.flatMap(({ agreementId, version, clause, withheld }): Ground[] =>
      withheld === null || !concerns(policy, parts, clause.dataset)
        ? []
        : [
            {
              agreementId,
              version,
              clause: clause.key,
              datasetId: clause.dataset,
              gives: false,
              limits: [withheld],
            },
          ],
    ),
  ];
  return {
    outcome: outcomeOf(asked, given, aggregates.length > 0),
    own: own.length > 0,
    given,
    aggregation: given.length === 0 ? (aggregates[0]?.aggregation ?? null) : null,
    onwardSharing: flows.some(
      (flow) => flow.effective.onwardSharing && parts.some((part) => selects(flow, part)),
    ),
    grounds,
  };
};

/** A stretch of time over which the place of what is asked for is the same; a dataset is one without a place. */
export type Part = { readonly body: string } & Span &
  ({ readonly placed: Placed } | { readonly datasetId: string });

const partsOf = ({ datasets }: Policy, { target, from, to, bodyOf }: Asked): readonly Part[] => {
  if ('datasetId' in target) {
    const owner = datasets.get(target.datasetId)?.organisationId;
    return owner === undefined ? [] : [{ body: owner, from, to, datasetId: target.datasetId }];
  }
  return target.placed
    .map((placed) => ({
      body: bodyOf(placed.organisationId),
      placed,
      from: Math.max(from, placed.from),
      to: Math.min(to, placed.to),
    }))
    .filter((part) => part.from < part.to);
};

/** What the reader's own organisations held, or may read the past of, wherever it was. */
const ownOf = ({ datasets }: Policy, { target, own, from, to }: Asked): readonly Given[] => {
  const owner = 'datasetId' in target ? datasets.get(target.datasetId)?.organisationId : undefined;
  const held = 'datasetId' in target ? [{ organisationId: owner ?? '', from, to }] : target.held;
  return held
    .filter(({ organisationId }) => own.has(organisationId))
    .map((span) => ({ from: Math.max(from, span.from), to: Math.min(to, span.to), finestMs: 0 }))
    .filter((span) => span.from < span.to);
};

export const selects = (flow: Flow, part: Part): boolean => {
  if (flow.giver !== part.body) return false;
  return 'datasetId' in part ? part.datasetId === flow.datasetId : matches(flow.matching, part.placed);
};

/** What a dataset's place is depends on the point: a condition on it is said, not judged. */
export const inAreas = ({ areas }: Effective, part: Part): boolean =>
  'datasetId' in part || areas.every((area) => isWithin(area, part.placed.position));

/** What one agreement, or one open dataset, says to a part: of its clauses that apply the most protective. */
export interface Consent {
  readonly group: string;
  readonly effective: Effective;
}

/** The clauses that apply to a part, agreement by agreement, of those whose areas contain it. */
export const consentsOf = (part: Part, flows: readonly Flow[]): readonly Consent[] => {
  const groups = new Map<string, Effective>();
  for (const flow of flows) {
    if (!selects(flow, part)) continue;
    const known = groups.get(flow.group);
    groups.set(flow.group, known === undefined ? flow.effective : mostProtective(known, flow.effective));
  }
  return [...groups]
    .map(([group, effective]) => ({ group, effective }))
    .filter(({ effective }) => inAreas(effective, part));
};

const givenOf = (asked: Asked, part: Part, flows: readonly Flow[]): readonly Given[] =>
  consentsOf(part, flows)
    .filter(({ effective }) => effective.aggregation === null)
    .map(({ effective }) => ({ ...spanOf(asked, part, effective), finestMs: effective.finestMs }))
    .filter(({ from, to }) => from < to);

export const spanOf = ({ now }: Pick<Asked, 'now'>, part: Span, effective: Effective): Span => ({
  from: Math.max(part.from, effective.from),
  to: Math.min(part.to, effective.to, givenBefore(effective, now)),
});

const aggregatesOf = (asked: Asked, part: Part, flows: readonly Flow[]): readonly Effective[] =>
  consentsOf(part, flows)
    .map(({ effective }) => effective)
    .filter((effective) => {
      const { from, to } = spanOf(asked, part, effective);
      return effective.aggregation !== null && from < to;
    });

const outcomeOf = (
  { resolutionMs, from, to }: Asked,
  given: readonly Given[],
  aggregated: boolean,
): Decision['outcome'] => {
  const asAsked = joinSpans(given.filter(({ finestMs }) => finestMs <= resolutionMs));
  if (asAsked.some((span) => span.from <= from && to <= span.to)) return 'permit';
  return given.length > 0 || aggregated ? 'permit-reduced' : 'deny';
};

const groundOf = (asked: Asked, parts: readonly Part[], flow: Flow): readonly Ground[] => {
  const { agreementId, version, clause, datasetId, effective } = flow;
  const chosen = parts.filter((part) => selects(flow, part));
  if (chosen.length === 0) return [];
  const limits = [...new Set(chosen.flatMap((part) => limitsOf(asked, part, effective)))];
  const nothing = (['outside-area', 'aggregate-only'] as const).some((limit) => limits.includes(limit));
  return [{ agreementId, version, clause, datasetId, gives: !nothing, limits }];
};

const limitsOf = (asked: Asked, part: Part, effective: Effective): readonly Limit[] => [
  ...(inAreas(effective, part) ? [] : (['outside-area'] as const)),
  ...(effective.aggregation === null ? [] : (['aggregate-only'] as const)),
  ...(effective.finestMs > asked.resolutionMs ? (['coarser'] as const) : []),
  ...(givenBefore(effective, asked.now) < part.to
    ? ([effective.delayMs > 0 ? 'delayed' : 'running'] as const)
    : []),
  ...(effective.from > part.from || effective.to < part.to ? (['outside-period'] as const) : []),
];

/** Whether a clause that gives nothing would be about this; of what is kept private nothing is told. */
const concerns = ({ datasets, themes }: Policy, parts: readonly Part[], datasetId: string): boolean => {
  const dataset = datasets.get(datasetId);
  if (dataset === undefined) return false;
  const { organisationId, content } = dataset;
  return parts.some((part) => {
    if ('datasetId' in part) return part.datasetId === datasetId;
    return (
      content.audience !== 'private' &&
      organisationId === part.body &&
      matches(matchingOf(content.selection, themes), part.placed)
    );
  });
};
