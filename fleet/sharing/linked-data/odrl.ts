import { Duration } from 'luxon';
import { statusOf, versionInForce, type Agreement, type Version } from '../agreement.js';
import { effectiveOf, mostProtective, type Effective } from '../conditions.js';
import type { Dataset } from '../dataset.js';
import { receiversOf, type Clause, type Terms } from '../terms.js';
import { texts, typed, type LinkedNode } from './linked-data.js';

/** What is told of an agreement. */
export interface AgreementPage {
  readonly origin: string;
  readonly agreement: Agreement;
  /** Those that the reader may know of. */
  readonly datasets: ReadonlyMap<string, Dataset>;
  /** When the last thing happened to it, UTC ms. */
  readonly last: number;
  readonly now: number;
}

/**
 * An agreement as ODRL 2.2 says it (W3C, ODRL Information Model 2.2 and Vocabulary & Expression 2.2): the version in
 * force as an Agreement, a draft or proposal as an Offer. Each clause is a permission; README.md has the terms.
 */
export const agreementNodes = (page: AgreementPage): readonly LinkedNode[] => {
  const { agreement, origin } = page;
  const version = versionInForce(agreement) ?? agreement.versions.at(-1);
  if (version === undefined) return [];
  const { title, text, parties, clauses } = version.terms;
  const id = `${origin}/api/v1/agreements/${agreement.id}`;
  return [
    {
      '@id': id,
      '@type': ['odrl:Policy', version.sealedAt === null ? 'odrl:Offer' : 'odrl:Agreement'],
      'odrl:uid': { '@id': id },
      'odrl:profile': { '@id': 'urn:terroir:odrl' },
      'dct:title': texts(title),
      ...(text === undefined ? {} : { 'dct:description': texts(text) }),
      'dcat:version': String(version.number),
      'adms:status': statusOf(agreement, page.now),
      ...(version.sealedAt === null ? {} : { 'dct:issued': dateTime(version.sealedAt) }),
      'odrl:permission': clauses.map((clause) => permission(page, version, clause)),
      'odrl:prohibition': clauses.flatMap((clause) => prohibition(page, version, clause)),
    },
    ...parties.map(({ organisationId, name }) =>
      typed(partyId(page, organisationId), 'odrl:Party', { 'foaf:name': name }),
    ),
    ...[...new Set(clauses.flatMap(({ purposes }) => purposes))].map((purpose) =>
      typed(purposeId(purpose), 'skos:Concept', { 'skos:notation': purpose }),
    ),
  ];
};

const partyId = ({ origin }: AgreementPage, id: string): string => `${origin}/api/v1/organisations/${id}`;
const purposeId = (purpose: string): string => `urn:terroir:purpose:${purpose}`;
const clauseId = ({ origin, agreement }: AgreementPage, { key }: Clause): string =>
  `${origin}/api/v1/agreements/${agreement.id}#${key}`;

const dateTime = (time: number): LinkedNode => ({
  '@value': new Date(time).toISOString(),
  '@type': 'xsd:dateTime',
});

const duration = (ms: number): LinkedNode => ({
  '@value': Duration.fromMillis(ms).rescale().toISO(),
  '@type': 'xsd:duration',
});

/** Whom a clause gives to, less who has left; all where nobody is left: it has ended for them. */
const stayingOf = ({ agreement }: AgreementPage, { parties }: Terms, clause: Clause): readonly string[] => {
  const receivers = receiversOf(clause, parties);
  const staying = receivers.filter((id) => !agreement.withdrawn.has(id));
  return staying.length === 0 ? receivers : staying;
};

/** Who gives what to whom: of permissions and of prohibitions. */
const sidesOf = (page: AgreementPage, { terms }: Version, clause: Clause): LinkedNode => ({
  'odrl:target': typed(`${page.origin}/api/v1/datasets/${clause.dataset}`, 'odrl:Asset'),
  'odrl:assigner': { '@id': partyId(page, clause.giver) },
  'odrl:assignee': stayingOf(page, terms, clause).map((id) => ({ '@id': partyId(page, id) })),
});

const permission = (page: AgreementPage, version: Version, clause: Clause): LinkedNode => {
  const effective = conditionsOf(page, version, clause);
  const licence = page.datasets.get(clause.dataset)?.content.licence.key;
  const attributed = licence === 'licence-ouverte-2.0' || licence === 'odbl-1.0';
  return {
    '@id': clauseId(page, clause),
    '@type': 'odrl:Permission',
    ...sidesOf(page, version, clause),
    'odrl:action': [
      { '@id': 'odrl:use' },
      ...(effective.onwardSharing ? [{ '@id': 'odrl:distribute' }] : []),
    ],
    'odrl:constraint': [
      constraint(
        'purpose',
        'isAnyOf',
        clause.purposes.map((purpose) => ({ '@id': purposeId(purpose) })),
      ),
      ...termOf(page, version, clause),
      ...conditionsAsConstraints(effective),
    ],
    ...(attributed
      ? {
          'odrl:duty': {
            '@type': 'odrl:Duty',
            'odrl:action': { '@id': 'odrl:attribute' },
            'odrl:attributedParty': { '@id': partyId(page, clause.giver) },
          },
        }
      : {}),
  };
};

/** Nobody passes on what they got, unless the clause says that they may. */
const prohibition = (page: AgreementPage, version: Version, clause: Clause): readonly LinkedNode[] =>
  conditionsOf(page, version, clause).onwardSharing
    ? []
    : [
        {
          '@id': `${clauseId(page, clause)}-onward`,
          '@type': 'odrl:Prohibition',
          ...sidesOf(page, version, clause),
          'odrl:action': { '@id': 'odrl:distribute' },
        },
      ];

/** Of the clause, the agreement and, where it is known, the dataset: the most protective of each, as when it is read. */
const conditionsOf = (page: AgreementPage, { terms }: Version, clause: Clause): Effective =>
  [page.datasets.get(clause.dataset)?.content.conditions, terms.conditions, clause.conditions]
    .map((conditions) => effectiveOf(conditions ?? {}))
    .reduce(mostProtective);

const constraint = (operand: string, operator: string, right: unknown): LinkedNode => ({
  '@type': 'odrl:Constraint',
  'odrl:leftOperand': { '@id': operand.includes(':') ? operand : `odrl:${operand}` },
  'odrl:operator': { '@id': `odrl:${operator}` },
  'odrl:rightOperand': right,
});

/** From the later of term and last signature until the term ends, or its giver or the last of its receivers has left. */
const termOf = (
  { agreement, last }: AgreementPage,
  version: Version,
  clause: Clause,
): readonly LinkedNode[] => {
  const { from, to } = version.terms;
  const left = agreement.withdrawn.get(clause.giver);
  const receivers = receiversOf(clause, version.terms.parties).map((id) => agreement.withdrawn.get(id));
  const alone = receivers.every((at) => at !== undefined) ? Math.max(...receivers) : undefined;
  const over = agreement.phase === 'withdrawn' || agreement.phase === 'ended' ? last : undefined;
  const ends = [to ?? undefined, left, alone, over].filter((end) => end !== undefined);
  return [
    constraint('dateTime', 'gteq', dateTime(Math.max(from, version.sealedAt ?? 0))),
    ...(ends.length === 0 ? [] : [constraint('dateTime', 'lt', dateTime(Math.min(...ends)))]),
  ];
};

const conditionsAsConstraints = ({
  finestMs,
  delayMs,
  areas,
  aggregation,
  from,
  to,
}: Effective): readonly LinkedNode[] => [
  ...(finestMs > 0 ? [constraint('resolution', 'gteq', duration(finestMs))] : []),
  ...(delayMs > 0 ? [constraint('delayPeriod', 'gteq', duration(delayMs))] : []),
  ...areas.map(([west = 0, south = 0, east = 0, north = 0]) =>
    constraint('spatialCoordinates', 'isPartOf', {
      '@value': `POLYGON((${west} ${south},${east} ${south},${east} ${north},${west} ${north},${west} ${south}))`,
      '@type': 'geo:wktLiteral',
    }),
  ),
  ...(Number.isFinite(from) ? [constraint('absoluteTemporalPosition', 'gteq', dateTime(from))] : []),
  ...(Number.isFinite(to) ? [constraint('absoluteTemporalPosition', 'lt', dateTime(to))] : []),
  ...(aggregation === null
    ? []
    : [
        constraint('urn:terroir:odrl:contributors', 'gteq', aggregation.contributors),
        constraint('urn:terroir:odrl:largest-share', 'lteq', aggregation.maxShare),
      ]),
];
