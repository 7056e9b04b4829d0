import type {
  JsonObject,
  LocationRecord,
  OrganisationRecord,
  RecordName,
  SiteRecord,
} from '../../store/organisations-store.js';
import type { Merge } from './deeds.js';
import type { Draft } from './draft.js';
import { OrganisationError } from './errors.js';
import { holdingsOf } from './transfer.js';
import { requireLiving, requirePlace } from './tree.js';
import type { OrganisationVocabulary } from './vocabulary.js';

/** Which record gave which field. */
export type Lineage = Readonly<Record<string, { readonly from: string; readonly value: unknown }>>;

const FIELDS = {
  organisation: ['name', 'code', 'siret', 'partnerKind', 'timeZone', 'boundary'],
  site: ['name', 'address', 'geometry'],
  location: ['key', 'name', 'siteId', 'prm', 'pce', 'geometry'],
} as const;

/** What belongs to an organisation, beside devices. */
const OF_ORGANISATIONS = [
  'gatewayHolding',
  'locationHolding',
  'siteHolding',
  'gateway',
  'location',
  'site',
  'person',
  'key',
  'invitation',
  'provider',
  'token',
] as const;

/**
 * One golden record of two that are the same: the survivor takes what it lacks and what is asked for of the
 * duplicate, everything that referred to the duplicate refers to it, and the duplicate stays as a pointer.
 */
export const merge = (draft: Draft, asked: Merge, vocabulary: OrganisationVocabulary): JsonObject => {
  if (asked.survivor === asked.duplicate) {
    throw new OrganisationError('invalid', 'duplicate: it is the survivor itself.');
  }
  if (asked.record === 'organisation') return { fields: mergeOrganisations(draft, asked, vocabulary) };
  if (asked.record === 'site') return { fields: mergeSites(draft, asked) };
  return { fields: mergeLocations(draft, asked) };
};

/** The fields of the golden record, and who gave each. */
const goldenOf = <Row extends { readonly id: string }>(
  survivor: Row,
  duplicate: Row,
  fields: readonly (keyof Row & string)[],
  take: readonly string[] = [],
): { readonly row: Row; readonly lineage: Lineage } => {
  const unknown = take.find((field) => !fields.some((known) => known === field));
  if (unknown !== undefined) {
    throw new OrganisationError('invalid', `take: ${unknown} is none of ${fields.join(', ')}.`);
  }
  const chosen = fields.map((field) => {
    const ofDuplicate = take.includes(field) || survivor[field] === null;
    const giver = ofDuplicate && duplicate[field] !== null ? duplicate : survivor;
    return [field, { from: giver.id, value: giver[field] }] as const;
  });
  const values = Object.fromEntries(chosen.map(([field, { value }]) => [field, value]));
  return { row: { ...survivor, ...values }, lineage: Object.fromEntries(chosen) };
};

const pairOf = <Name extends 'organisation' | 'site' | 'location'>(
  draft: Draft,
  record: Name,
  { survivor, duplicate }: Merge,
) => {
  const pair = [draft.need(record, survivor), draft.need(record, duplicate)] as const;
  const merged = pair.find(({ mergedInto }) => mergedInto !== null);
  if (merged !== undefined) {
    throw new OrganisationError('conflict', `${merged.id} was merged into ${merged.mergedInto} already.`);
  }
  return pair;
};

const mergeOrganisations = (draft: Draft, asked: Merge, vocabulary: OrganisationVocabulary): Lineage => {
  const [survivor, duplicate] = pairOf(draft, 'organisation', asked);
  requireLiving(survivor);
  if (survivor.type !== duplicate.type) {
    throw new OrganisationError('conflict', `A ${duplicate.type} is no duplicate of a ${survivor.type}.`);
  }
  if (duplicate.parentId === null || survivor.parentId === duplicate.id) {
    throw new OrganisationError('conflict', `${duplicate.name} stands above; merge the other way round.`);
  }
  const { row, lineage } = goldenOf<OrganisationRecord>(survivor, duplicate, FIELDS.organisation, asked.take);
  draft.put('organisation', { ...duplicate, mergedInto: survivor.id });
  draft.put('organisation', row);
  refer(draft, 'holding', { organisationId: duplicate.id }, { organisationId: survivor.id });
  keepKeysApart(draft, survivor.id, duplicate.id);
  for (const thing of OF_ORGANISATIONS) {
    refer(draft, thing, { organisationId: duplicate.id }, { organisationId: survivor.id });
  }
  refer(draft, 'competence', { holderId: duplicate.id }, { holderId: survivor.id });
  refer(draft, 'competence', { forId: duplicate.id }, { forId: survivor.id });
  for (const child of draft.records('organisation', { parentId: duplicate.id })) {
    if (child.mergedInto === null) requirePlace(draft, vocabulary, child, survivor.id);
    draft.put('organisation', { ...child, parentId: survivor.id });
  }
  return lineage;
};

/** Both may have a location of the same key: the duplicate's gets another. */
const keepKeysApart = (draft: Draft, survivor: string, duplicate: string): void => {
  const taken = new Set(holdingsOf(draft, survivor).locations.map((id) => draft.need('location', id).key));
  for (const location of draft.records('location', { organisationId: duplicate, mergedInto: null })) {
    let { key } = location;
    for (let number = 2; taken.has(key); number += 1) key = `${location.key}-${number}`;
    taken.add(key);
    draft.put('location', { ...location, key });
  }
};

const mergeSites = (draft: Draft, asked: Merge): Lineage => {
  const [survivor, duplicate] = pairOf(draft, 'site', asked);
  requireSameHolder(survivor, duplicate);
  const { row, lineage } = goldenOf<SiteRecord>(survivor, duplicate, FIELDS.site, asked.take);
  draft.put('site', { ...duplicate, mergedInto: survivor.id });
  draft.put('site', row);
  refer(draft, 'location', { siteId: duplicate.id }, { siteId: survivor.id });
  refer(draft, 'gateway', { siteId: duplicate.id }, { siteId: survivor.id });
  refer(draft, 'token', { siteId: duplicate.id }, { siteId: survivor.id });
  return lineage;
};

const mergeLocations = (draft: Draft, asked: Merge): Lineage => {
  const [survivor, duplicate] = pairOf(draft, 'location', asked);
  requireSameHolder(survivor, duplicate);
  const { row, lineage } = goldenOf<LocationRecord>(survivor, duplicate, FIELDS.location, asked.take);
  draft.put('location', { ...duplicate, mergedInto: survivor.id });
  draft.put('location', row);
  refer(draft, 'installation', { locationId: duplicate.id }, { locationId: survivor.id });
  refer(draft, 'locationAlias', { locationId: duplicate.id }, { locationId: survivor.id });
  // whoever held the duplicate before goes on seeing the place that it was
  for (const holding of draft.records('locationHolding', { subjectId: duplicate.id })) {
    if (holding.to !== null)
      draft.put('locationHolding', { ...holding, subjectId: survivor.id, title: 'past' });
  }
  return lineage;
};

const requireSameHolder = (
  survivor: { readonly organisationId: string },
  duplicate: { readonly organisationId: string },
): void => {
  if (survivor.organisationId !== duplicate.organisationId) {
    throw new OrganisationError('conflict', 'They are held by two organisations; transfer one first.');
  }
};

/** Points every row that matches to another record. */
const refer = <Name extends RecordName>(
  draft: Draft,
  name: Name,
  where: Parameters<typeof draft.records<Name>>[1],
  change: object,
): void => {
  for (const row of draft.records(name, where)) draft.put(name, { ...row, ...change });
};
