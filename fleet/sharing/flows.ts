import { activeParties, statusOf, versionInForce, type Agreement, type Version } from './agreement.js';
import { effectiveOf, mostProtective, type Effective } from './conditions.js';
import type { Dataset } from './dataset.js';
import { matchingOf, type Matching, type Themes } from './selection.js';
import { receiversOf, type Clause } from './terms.js';

/** All agreements and datasets there are, as they stand. */
export interface Policy {
  readonly agreements: readonly Agreement[];
  readonly datasets: ReadonlyMap<string, Dataset>;
  readonly themes: Themes;
  /** Changes whenever any of it does. */
  readonly version: number;
}

export interface Reading {
  /** The organisation that reads; `null`: the public. */
  readonly organisationId: string | null;
  /** What for; `null`: nothing was stated, and agreements give nothing. */
  readonly purpose: string | null;
  /** UTC ms. */
  readonly now: number;
}

/** One clause that gives now, with all that limits it. */
export interface Flow {
  /** Clauses of one group on the same data: the most protective holds. Groups add up. */
  readonly group: string;
  readonly agreementId: string | null;
  readonly version: number | null;
  readonly clause: string | null;
  readonly giver: string;
  readonly datasetId: string;
  readonly matching: Matching;
  readonly effective: Effective;
  /** When it opened: what a feed begins with. */
  readonly since: number;
}

export type Withheld = 'other-purpose' | 'no-dataset' | 'private-dataset' | 'not-in-force' | 'withdrawn';

/** A clause that names the reader, and why it gives nothing if it does not. */
export interface Considered {
  readonly agreementId: string;
  readonly version: number;
  readonly clause: Clause;
  readonly flow: Flow | null;
  readonly withheld: Withheld | null;
}

/** What is the same for all who read under a policy. */
interface Prepared {
  readonly open: readonly Flow[];
  /** Agreements by the parties of their versions in force: who is none is given nothing by them. */
  readonly byParty: ReadonlyMap<string, readonly Agreement[]>;
}

const known = new WeakMap<Policy, Prepared>();

/** Made once for each policy: a read must not go through what others agreed. */
const preparedOf = (policy: Policy): Prepared => {
  const found = known.get(policy) ?? prepare(policy);
  known.set(policy, found);
  return found;
};

const prepare = ({ agreements, datasets, themes }: Policy): Prepared => {
  const byParty = new Map<string, Agreement[]>();
  for (const agreement of agreements) {
    for (const { organisationId } of versionInForce(agreement)?.terms.parties ?? []) {
      const theirs = byParty.get(organisationId);
      if (theirs === undefined) byParty.set(organisationId, [agreement]);
      else theirs.push(agreement);
    }
  }
  const open = [...datasets.values()].filter(({ content }) => content.audience === 'open');
  return { open: open.map((dataset) => datasetFlow(dataset, themes)), byParty };
};

/** What anybody at all is given: datasets that are open. */
export const openFlows = (policy: Policy): readonly Flow[] => preparedOf(policy).open;

/** A dataset as it gives itself, without an agreement. */
export const datasetFlow = ({ id, organisationId, content }: Dataset, themes: Themes): Flow => ({
  group: `dataset ${id}`,
  agreementId: null,
  version: null,
  clause: null,
  giver: organisationId,
  datasetId: id,
  matching: matchingOf(content.selection, themes),
  effective: effectiveOf(content.conditions ?? {}),
  since: 0,
});

/** The clauses of all agreements that name the reader as a receiver. */
export const consideredFor = (policy: Policy, reading: Reading): readonly Considered[] => {
  const { organisationId: reader } = reading;
  if (reader === null) return [];
  return (preparedOf(policy).byParty.get(reader) ?? []).flatMap((agreement) => {
    const version = versionInForce(agreement);
    if (version === undefined) return [];
    const { parties, clauses } = version.terms;
    return clauses
      .filter((clause) => receiversOf(clause, parties).includes(reader))
      .map((clause): Considered => {
        const withheld = withheldOf(policy, agreement, clause, reading);
        const flow = withheld === null ? flowOf(policy, agreement, version, clause, reader) : null;
        return { agreementId: agreement.id, version: version.number, clause, flow, withheld };
      });
  });
};

/** Everything that the reader is given by others now. */
export const flowsFor = (policy: Policy, reading: Reading): readonly Flow[] => [
  ...openFlows(policy),
  ...consideredFor(policy, reading).flatMap(({ flow }) => (flow === null ? [] : [flow])),
];

/** Whose data the reader is given, or could be: of nobody else's does an agreement or an open dataset say anything. */
export const giversTo = (policy: Policy, reading: Reading): ReadonlySet<string> =>
  new Set([
    ...openFlows(policy).map(({ giver }) => giver),
    ...consideredFor(policy, reading).flatMap(
      ({ clause }) => policy.datasets.get(clause.dataset)?.organisationId ?? [],
    ),
  ]);

const withheldOf = (
  { datasets }: Policy,
  agreement: Agreement,
  { giver, dataset: datasetId, purposes }: Clause,
  { organisationId, purpose, now }: Reading,
): Withheld | null => {
  const bound = new Set(activeParties(agreement).map((party) => party.organisationId));
  if (!bound.has(giver) || organisationId === null || !bound.has(organisationId)) return 'withdrawn';
  if (statusOf(agreement, now) !== 'in-force') return 'not-in-force';
  const dataset = datasets.get(datasetId);
  // a dataset is given by whose it is, whatever terms say
  if (dataset === undefined || dataset.organisationId !== giver) return 'no-dataset';
  if (dataset.content.audience === 'private') return 'private-dataset';
  return purposes.some((permitted) => permitted === purpose) ? null : 'other-purpose';
};

const flowOf = (
  { datasets, themes }: Policy,
  agreement: Agreement,
  version: Version,
  clause: Clause,
  reader: string,
): Flow | null => {
  const dataset = datasets.get(clause.dataset);
  if (dataset === undefined) return null;
  const limits = [dataset.content.conditions, version.terms.conditions, clause.conditions];
  return {
    group: `agreement ${agreement.id}`,
    agreementId: agreement.id,
    version: version.number,
    clause: clause.key,
    giver: clause.giver,
    datasetId: dataset.id,
    matching: matchingOf(dataset.content.selection, themes),
    effective: limits.map((limit) => effectiveOf(limit ?? {})).reduce(mostProtective),
    since: sinceOf(agreement, clause, reader),
  };
};

/** When the reader first got what a clause gives, through versions in a row that say the same of it. */
const sinceOf = ({ versions }: Agreement, clause: Clause, reader: string): number => {
  const same = JSON.stringify(clause);
  let since = Infinity;
  for (const { sealedAt, terms } of versions.toReversed()) {
    if (sealedAt === null) continue;
    const there = terms.clauses.some((candidate) => JSON.stringify(candidate) === same);
    if (!there || !receiversOf(clause, terms.parties).includes(reader)) break;
    since = Math.max(sealedAt, terms.from);
  }
  return since;
};
