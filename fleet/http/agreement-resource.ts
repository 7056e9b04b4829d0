import { Type } from 'typebox';
import {
  agreementOf,
  openVersion,
  statusOf,
  versionInForce,
  type AgreementEvent,
} from '../sharing/agreement.js';
import { receiversOf, PARTY, TERMS, type Terms } from '../sharing/terms.js';
import type { StoredAgreement } from '../store/agreements-store.js';
import { isoTime } from './time.js';

const nullableTime = Type.Union([Type.String({ format: 'date-time' }), Type.Null()]);

const SIGNATURE = Type.Object({
  organisationId: Type.String(),
  at: Type.String({ format: 'date-time' }),
  name: Type.String({ description: 'Of the person who signed.' }),
  role: Type.String(),
});

const VERSION = Type.Object({
  number: Type.Integer(),
  terms: TERMS,
  proposedBy: Type.String(),
  signers: Type.Array(Type.String(), { description: 'Organisations whose signature it needs.' }),
  signatures: Type.Array(SIGNATURE),
  sealedAt: nullableTime,
  droppedAt: nullableTime,
});

export const STATUSES = ['draft', 'proposed', 'signed', 'in-force', 'withdrawn', 'ended'] as const;

export const AGREEMENT = Type.Object({
  id: Type.String(),
  status: Type.Enum([...STATUSES]),
  drafter: Type.String(),
  inForce: Type.Union([Type.Integer(), Type.Null()], { description: 'Number of the version in force.' }),
  open: Type.Union([Type.Integer(), Type.Null()], { description: 'Number of the version that waits.' }),
  versions: Type.Array(VERSION),
  parties: Type.Array(
    Type.Object({
      organisationId: Type.String(),
      name: Type.String(),
      gives: Type.Array(Type.String(), { description: 'Keys of clauses.' }),
      gets: Type.Array(Type.String(), { description: 'Keys of clauses.' }),
      withdrawnAt: nullableTime,
      agreesToEnd: Type.Boolean(),
    }),
  ),
  invited: Type.Array(PARTY),
});

export const AGREEMENT_EVENT = Type.Object({
  number: Type.Integer(),
  at: Type.String({ format: 'date-time' }),
  by: Type.String(),
  organisationId: Type.String(),
  type: Type.String(),
  version: Type.Optional(Type.Integer()),
  name: Type.Optional(Type.String({ description: 'Of whoever signed.' })),
  reason: Type.Optional(Type.Union([Type.String(), Type.Null()])),
});

/** An agreement as it was after the events that may be seen. */
export const presentAgreement = ({ id, events }: StoredAgreement, now: number) => {
  const agreement = agreementOf(id, events);
  if (agreement === undefined) return undefined;
  const shown = versionInForce(agreement) ?? agreement.versions.at(-1);
  return {
    id,
    status: statusOf(agreement, now),
    drafter: agreement.drafter,
    inForce: versionInForce(agreement)?.number ?? null,
    open: openVersion(agreement)?.number ?? null,
    versions: agreement.versions.map((version) => ({
      ...version,
      signers: [...version.signers],
      signatures: version.signatures.map(({ organisationId, at, name, role }) => ({
        organisationId,
        at: isoTime(at),
        name,
        role,
      })),
      sealedAt: version.sealedAt === null ? null : isoTime(version.sealedAt),
      droppedAt: version.droppedAt === null ? null : isoTime(version.droppedAt),
    })),
    parties: (shown?.terms.parties ?? []).map(({ organisationId, name }) => {
      const withdrawnAt = agreement.withdrawn.get(organisationId);
      return {
        organisationId,
        name,
        ...givesAndGets(shown?.terms, organisationId),
        withdrawnAt: withdrawnAt === undefined ? null : isoTime(withdrawnAt),
        agreesToEnd: agreement.ending.has(organisationId),
      };
    }),
    invited: [...agreement.invited],
  };
};

const givesAndGets = (terms: Terms | undefined, organisationId: string) => {
  const clauses = terms?.clauses ?? [];
  return {
    gives: clauses.filter(({ giver }) => giver === organisationId).map(({ key }) => key),
    gets: clauses
      .filter((clause) => receiversOf(clause, terms?.parties ?? []).includes(organisationId))
      .map(({ key }) => key),
  };
};

export const presentEvent = (event: AgreementEvent, number: number) => ({
  number,
  at: isoTime(event.at),
  by: event.by,
  organisationId: event.organisationId,
  type: event.type,
  ...(event.type === 'signed' ? { version: event.version, name: event.signer.name } : {}),
  ...(event.type === 'withdrew' ? { reason: event.reason } : {}),
});

/** What one version's terms say otherwise than another's: parties, clauses by key, and the rest by name. */
export const diffOf = (before: Terms, after: Terms) => {
  const changed = <Item>(
    name: string,
    one: readonly Item[],
    other: readonly Item[],
    keyOf: (item: Item) => string,
  ) => {
    const [left, right] = [one, other].map((items) => new Map(items.map((item) => [keyOf(item), item])));
    return [...new Set([...(left?.keys() ?? []), ...(right?.keys() ?? [])])]
      .map((key) => ({
        part: `${name} ${key}`,
        before: left?.get(key) ?? null,
        after: right?.get(key) ?? null,
      }))
      .filter(differs);
  };
  const rest = (['title', 'text', 'conditions', 'from', 'to', 'accession'] as const)
    .map((part) => ({ part, before: before[part] ?? null, after: after[part] ?? null }))
    .filter(differs);
  return [
    ...rest,
    ...changed('party', before.parties, after.parties, ({ organisationId }) => organisationId),
    ...changed('clause', before.clauses, after.clauses, ({ key }) => key),
  ];
};

const differs = ({ before, after }: { before: unknown; after: unknown }): boolean =>
  JSON.stringify(before) !== JSON.stringify(after);
