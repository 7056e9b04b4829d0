import type { LocationRecord, SiteRecord } from '../../../store/organisations-store.js';
import { LOCATION_PATCH, NEW_LOCATION, NEW_SITE, SITE_PATCH } from '../deeds.js';
import type { Draft } from '../draft.js';
import { OrganisationError } from '../errors.js';
import { addLocation, addSite, changeLocation, changeSite } from '../place-deeds.js';
import { checked, given, needed } from './cells.js';
import { organisationNamed } from './import-organisation.js';
import type { Imported, Importing } from './import-rows.js';
import type { ImportRow } from './table.js';

/** Finds a site by its name at its holder; changes it, or adds one. */
export const importSite = ({ draft, row: { cells, geometry }, deps }: Importing): Imported => {
  const organisationId = organisationNamed(draft, 'organisation', needed(cells, 'organisation')).id;
  const name = needed(cells, 'name');
  const known = siteCalled(draft, 'name', organisationId, name);
  const parts = given(cells, { street: 'street', postcode: 'postcode', city: 'city', country: 'country' });
  const fields = {
    ...(Object.keys(parts).length === 0 ? {} : { address: { ...known?.address, ...parts } }),
    ...(geometry === null ? {} : { geometry }),
  };
  if (known !== undefined) {
    return { before: known, after: changeSite(draft, known.id, checked(SITE_PATCH, fields)) };
  }
  const asked = checked(NEW_SITE, { organisationId, name, ...fields });
  return { before: null, after: addSite(draft, asked, deps) };
};

/** Finds a location by PRM or PCE, else by its key at its holder; changes it, or adds one. */
export const importLocation = ({ draft, row, deps }: Importing): Imported => {
  const { cells, geometry } = row;
  const text = cells.get('organisation');
  const holder = text === undefined ? undefined : organisationNamed(draft, 'organisation', text).id;
  const known = knownLocation(draft, row, holder);
  const organisationId = holder ?? known?.organisationId;
  if (organisationId === undefined) throw new OrganisationError('invalid', 'organisation: say who holds it.');
  const siteText = cells.get('site');
  const siteId = siteText === undefined ? undefined : siteNamed(draft, organisationId, siteText).id;
  const fields = {
    ...given(cells, { name: 'name', prm: 'prm', pce: 'pce' }),
    ...(siteId === undefined ? {} : { siteId }),
    ...(geometry === null ? {} : { geometry }),
  };
  if (known !== undefined) {
    requireSame(draft, known, organisationId, cells.get('key'));
    return { before: known, after: changeLocation(draft, known.id, checked(LOCATION_PATCH, fields)) };
  }
  const place = { organisationId, key: needed(cells, 'key'), name: needed(cells, 'name') };
  return { before: null, after: addLocation(draft, checked(NEW_LOCATION, { ...fields, ...place }), deps) };
};

const knownLocation = (
  draft: Draft,
  { cells }: ImportRow,
  organisationId: string | undefined,
): LocationRecord | undefined => {
  for (const field of ['prm', 'pce'] as const) {
    const code = cells.get(field);
    const [found] = code === undefined ? [] : draft.records('location', { [field]: code, mergedInto: null });
    if (found !== undefined) return found;
  }
  const key = cells.get('key');
  if (key === undefined || organisationId === undefined) return undefined;
  return draft.records('location', { organisationId, key, mergedInto: null })[0];
};

const requireSame = (
  draft: Draft,
  known: LocationRecord,
  organisationId: string,
  key: string | undefined,
): void => {
  if (known.organisationId !== organisationId) {
    const holder = draft.record('organisation', known.organisationId)?.name ?? known.organisationId;
    throw new OrganisationError('conflict', `organisation: ${holder} holds it; a transfer changes that.`);
  }
  if (key !== undefined && key !== known.key) {
    throw new OrganisationError(
      'conflict',
      `key: the location with this PRM or PCE has the key ${known.key}.`,
    );
  }
};

const siteCalled = (
  draft: Draft,
  column: string,
  organisationId: string,
  name: string,
): SiteRecord | undefined => {
  const found = draft.records('site', { organisationId, name, mergedInto: null });
  if (found.length < 2) return found[0];
  throw new OrganisationError('conflict', `${column}: several sites of it are called ${name}.`);
};

const siteNamed = (draft: Draft, organisationId: string, text: string): SiteRecord => {
  const byId = draft.record('site', text);
  const found =
    byId?.organisationId === organisationId ? byId : siteCalled(draft, 'site', organisationId, text);
  if (found === undefined) throw new OrganisationError('unknown', `site: it has no site ${text}.`);
  return found;
};
