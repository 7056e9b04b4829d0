import { IANAZone } from 'luxon';
import type { OrganisationRecord } from '../../store/organisations-store.js';
import type { NewCompetence, NewOrganisation, OrganisationPatch } from './deeds.js';
import type { Draft } from './draft.js';
import { OrganisationError } from './errors.js';
import { geometryFault } from './geometry.js';
import { communeFault, sirenFault, siretFault } from './official-codes.js';
import { timeOf } from './time.js';
import { requireLiving, requirePlace } from './tree.js';
import type { OrganisationVocabulary } from './vocabulary.js';

export interface OrganisationDeps {
  readonly vocabulary: OrganisationVocabulary;
  readonly newId: () => string;
  readonly now: () => number;
}

export const addOrganisation = (
  draft: Draft,
  asked: NewOrganisation,
  { vocabulary, newId }: OrganisationDeps,
  /** Organisations that cease in the same act: it may have the code of one. */
  ceasing: readonly string[] = [],
): OrganisationRecord => {
  const { parentId, name, type, code = null, siret = null, partnerKind = null, boundary = null } = asked;
  const parent = parentId === null ? undefined : draft.need('organisation', parentId);
  const organisation: OrganisationRecord = {
    id: newId(),
    parentId,
    name,
    type,
    code,
    siret,
    partnerKind,
    timeZone: asked.timeZone ?? parent?.timeZone ?? 'Europe/Paris',
    boundary,
    mergedInto: null,
    endedAt: null,
    succeededBy: null,
  };
  requirePlace(draft, vocabulary, organisation, parentId);
  requireFields(draft, organisation, vocabulary, ceasing);
  draft.put('organisation', organisation);
  return organisation;
};

export const changeOrganisation = (
  draft: Draft,
  id: string,
  asked: OrganisationPatch,
  { vocabulary }: OrganisationDeps,
): OrganisationRecord => {
  const known = draft.need('organisation', id);
  requireLiving(known);
  const changed: OrganisationRecord = { ...known, ...defined(asked) };
  if (changed.parentId !== known.parentId) requirePlace(draft, vocabulary, changed, changed.parentId);
  requireFields(draft, changed, vocabulary);
  draft.put('organisation', changed);
  return changed;
};

/** Only one that nothing was ever given to; the store refuses where something still refers to it. */
export const removeOrganisation = (draft: Draft, id: string): void => {
  const known = draft.need('organisation', id);
  const children = draft.records('organisation', { parentId: id });
  if (known.parentId === null || children.length > 0) {
    throw new OrganisationError('in-use', `${known.name} has organisations below it, or is the one on top.`);
  }
  draft.remove('organisation', known);
};

export const addCompetence = (
  draft: Draft,
  asked: NewCompetence,
  { vocabulary, newId }: OrganisationDeps,
): void => {
  const { key, holderId, forId } = asked;
  const known = Object.keys(vocabulary.competences);
  if (!known.includes(key)) {
    throw new OrganisationError('invalid', `key: ${key} is no competence; there are: ${known.join(', ')}.`);
  }
  const holder = draft.need('organisation', holderId);
  const { timeZone } = draft.need('organisation', forId);
  const from = timeOf('from', asked.from, timeZone);
  const to = typeof asked.to === 'string' ? timeOf('to', asked.to, timeZone) : null;
  if (to !== null && to <= from) throw new OrganisationError('invalid', 'to: must be later than from.');
  requireLiving(holder);
  const other = draft
    .records('competence', { key, forId })
    .find((held) => held.from < (to ?? Infinity) && (held.to ?? Infinity) > from);
  if (other !== undefined) {
    throw new OrganisationError(
      'conflict',
      `${draft.need('organisation', other.holderId).name} holds ${key} for it then; end that first.`,
    );
  }
  draft.put('competence', { id: newId(), key, holderId, forId, from, to });
};

export const endCompetence = (draft: Draft, id: string, text: string): void => {
  const known = draft.need('competence', id);
  const to = timeOf('to', text, draft.need('organisation', known.forId).timeZone);
  if (to <= known.from) throw new OrganisationError('invalid', 'to: must be later than its beginning.');
  draft.put('competence', { ...known, to });
};

const requireFields = (
  draft: Draft,
  organisation: OrganisationRecord,
  vocabulary: OrganisationVocabulary,
  ceasing: readonly string[] = [],
): void => {
  const { id, type, code, siret, partnerKind, timeZone, boundary } = organisation;
  const check = vocabulary.types[type].code === 'insee' ? communeFault : sirenFault;
  require('code', code === null ? undefined : check(code));
  require('siret', siret === null ? undefined : siretFault(siret));
  require('boundary', boundary === null ? undefined : geometryFault(boundary));
  require('timeZone', IANAZone.isValidZone(timeZone) ? undefined : `${timeZone} is no IANA time zone`);
  require('partnerKind', partnerKind !== null && type !== 'partner' ? 'only a partner has one' : undefined);
  requireFree(draft, [id, ...ceasing], 'code', code);
  requireFree(draft, [id, ...ceasing], 'siret', siret);
};

const require = (field: string, fault: string | undefined): void => {
  if (fault !== undefined) throw new OrganisationError('invalid', `${field}: ${fault}.`);
};

const requireFree = (
  draft: Draft,
  apart: readonly string[],
  field: 'code' | 'siret',
  value: string | null,
): void => {
  if (value === null) return;
  const where = field === 'code' ? { code: value } : { siret: value };
  // one that ceased keeps its code, and a new one may have it again
  const other = draft
    .records('organisation', { ...where, mergedInto: null, endedAt: null })
    .find(({ id }) => !apart.includes(id));
  if (other !== undefined) {
    throw new OrganisationError('conflict', `${field}: another organisation has ${value} already.`);
  }
};

/** Without the fields that were not given. */
export const defined = <Fields extends object>(
  fields: Fields,
): { [Key in keyof Fields]: Exclude<Fields[Key], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [Key in keyof Fields]: Exclude<Fields[Key], undefined>;
  };
