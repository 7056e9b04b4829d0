import { BEGINNING } from '../../store/organisations-store.js';
import type { LocationRecord, SiteRecord } from '../../store/organisations-store.js';
import type { LocationPatch, NewLocation, NewSite, SitePatch } from './deeds.js';
import type { Draft } from './draft.js';
import { OrganisationError } from './errors.js';
import { geometryFault } from './geometry.js';
import { pceFault, prmFault } from './official-codes.js';
import { defined } from './organisation-deeds.js';
import { requireLiving } from './tree.js';

/** Sites and locations: what stands where. */

type NewIds = { readonly newId: () => string };

export const addSite = (draft: Draft, asked: NewSite, { newId }: NewIds): SiteRecord => {
  const { organisationId, name, address = null, geometry = null } = asked;
  requireLiving(draft.need('organisation', organisationId));
  const site = { id: newId(), organisationId, name, address, geometry, mergedInto: null };
  requireGeometry(geometry);
  draft.put('site', site);
  draft.put('siteHolding', holdingOf(site, newId));
  return site;
};

export const changeSite = (draft: Draft, id: string, asked: SitePatch): SiteRecord => {
  const known = draft.need('site', id);
  requireUnmerged(known);
  const site = { ...known, ...defined(asked) };
  requireGeometry(site.geometry);
  draft.put('site', site);
  return site;
};

/** Only one that nothing stands at. */
export const removeSite = (draft: Draft, id: string): void => {
  const known = draft.need('site', id);
  const limited = [id, ...duplicatesOf(draft, id)].some(
    (limitSite) => draft.records('person', { limitSite }).length > 0,
  );
  if (limited) throw new OrganisationError('in-use', 'The role of somebody is limited to this site.');
  for (const holding of draft.records('siteHolding', { subjectId: id })) draft.remove('siteHolding', holding);
  draft.remove('site', known);
};

/** What was merged into a site, and into that: a limit to one of them is a limit to it. */
const duplicatesOf = (draft: Draft, id: string): readonly string[] =>
  draft
    .records('site', { mergedInto: id })
    .flatMap((duplicate) => [duplicate.id, ...duplicatesOf(draft, duplicate.id)]);

export const addLocation = (draft: Draft, asked: NewLocation, { newId }: NewIds): LocationRecord => {
  const { organisationId, key, name, siteId = null, prm = null, pce = null, geometry = null } = asked;
  requireLiving(draft.need('organisation', organisationId));
  if (draft.records('location', { organisationId, key, mergedInto: null }).length > 0) {
    throw new OrganisationError('conflict', `key: it has a location ${key} already.`);
  }
  const id = newId();
  const location = { id, organisationId, key, name, siteId, prm, pce, geometry, mergedInto: null };
  requireLocation(draft, location);
  draft.put('location', location);
  draft.put('locationHolding', holdingOf(location, newId));
  return location;
};

export const changeLocation = (draft: Draft, id: string, asked: LocationPatch): LocationRecord => {
  const known = draft.need('location', id);
  requireUnmerged(known);
  const location = { ...known, ...defined(asked) };
  requireLocation(draft, location);
  draft.put('location', location);
  return location;
};

/** Only one where nothing is or was installed, and which no gateway has a name for. */
export const removeLocation = (draft: Draft, id: string): void => {
  const known = draft.need('location', id);
  for (const holding of draft.records('locationHolding', { subjectId: id })) {
    draft.remove('locationHolding', holding);
  }
  draft.remove('location', known);
};

export const placeGateway = (draft: Draft, id: string, siteId: string | null): void => {
  const gateway = draft.need('gateway', id);
  if (siteId !== null) requireUnmerged(draft.need('site', siteId));
  draft.put('gateway', { ...gateway, siteId });
};

const holdingOf = (row: { readonly id: string; readonly organisationId: string }, newId: () => string) => ({
  id: newId(),
  subjectId: row.id,
  organisationId: row.organisationId,
  from: BEGINNING,
  to: null,
  title: 'holder' as const,
});

const requireUnmerged = (row: { readonly id: string; readonly mergedInto: string | null }): void => {
  if (row.mergedInto !== null) {
    throw new OrganisationError('conflict', `${row.id} was merged into ${row.mergedInto}; name that one.`);
  }
};

const requireGeometry = (geometry: object | null): void => {
  const fault = geometry === null ? undefined : geometryFault(geometry);
  if (fault !== undefined) throw new OrganisationError('invalid', `geometry: ${fault}.`);
};

const requireLocation = (draft: Draft, location: LocationRecord): void => {
  requireGeometry(location.geometry);
  if (location.siteId !== null) requireUnmerged(draft.need('site', location.siteId));
  for (const [field, check] of [
    ['prm', prmFault],
    ['pce', pceFault],
  ] as const) {
    const code = location[field];
    const fault = code === null ? undefined : check(code);
    if (fault !== undefined) throw new OrganisationError('invalid', `${field}: ${fault}.`);
    if (code === null) continue;
    const others = draft.records('location', { [field]: code, mergedInto: null });
    if (others.some(({ id }) => id !== location.id)) {
      throw new OrganisationError('conflict', `${field}: another location has ${code} already.`);
    }
  }
};
