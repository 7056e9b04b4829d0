import type { OrganisationRecord } from '../../../store/organisations-store.js';
import { NEW_ORGANISATION, ORGANISATION_PATCH } from '../deeds.js';
import type { Draft } from '../draft.js';
import { OrganisationError } from '../errors.js';
import { addOrganisation, changeOrganisation } from '../organisation-deeds.js';
import { checked, given, needed } from './cells.js';
import type { Imported, Importing } from './import-rows.js';

/** Finds an organisation by official code, else by its name under its parent; changes it, or adds one. */
export const importOrganisation = ({ draft, row, deps }: Importing): Imported => {
  const { cells, geometry } = row;
  const parentText = cells.get('parent');
  const parentId = parentText === undefined ? undefined : organisationNamed(draft, 'parent', parentText).id;
  const fields = {
    ...given(cells, { name: 'name', code: 'code', siret: 'siret', partner_kind: 'partnerKind' }),
    ...given(cells, { time_zone: 'timeZone' }),
    ...(geometry === null ? {} : { boundary: geometry }),
    ...(parentId === undefined ? {} : { parentId }),
  };
  const known = knownOf(draft, cells.get('code'), cells.get('siret'), parentId, cells.get('name'));
  const type = cells.get('type');
  if (known !== undefined) {
    if (type !== undefined && type !== known.type) {
      throw new OrganisationError('conflict', `type: ${known.name} is a ${known.type}, and stays that.`);
    }
    const asked = checked(ORGANISATION_PATCH, fields);
    return { before: known, after: changeOrganisation(draft, known.id, asked, deps) };
  }
  const place = { type: needed(cells, 'type'), name: needed(cells, 'name') };
  needed(cells, 'parent');
  const asked = checked(NEW_ORGANISATION, { ...fields, ...place });
  return { before: null, after: addOrganisation(draft, asked, deps) };
};

const LIVING = { mergedInto: null, endedAt: null };

const knownOf = (
  draft: Draft,
  code: string | undefined,
  siret: string | undefined,
  parentId: string | undefined,
  name: string | undefined,
): OrganisationRecord | undefined => {
  const [byCode] = code === undefined ? [] : draft.records('organisation', { ...LIVING, code });
  const [bySiret] = siret === undefined ? [] : draft.records('organisation', { ...LIVING, siret });
  if (byCode ?? bySiret) return byCode ?? bySiret;
  if (parentId === undefined || name === undefined) return undefined;
  return draft
    .records('organisation', { ...LIVING, parentId, name })
    .find((same) => code === undefined || same.code === null);
};

/** An organisation by id, official code or name. Throws `OrganisationError` where there is none, or are several. */
export const organisationNamed = (draft: Draft, column: string, text: string): OrganisationRecord => {
  const byId = draft.record('organisation', text);
  if (byId !== undefined) return byId;
  const byCode = draft.records('organisation', { ...LIVING, code: text });
  const found = byCode.length > 0 ? byCode : draft.records('organisation', { ...LIVING, name: text });
  const [one] = found;
  if (one === undefined)
    throw new OrganisationError('unknown', `${column}: there is no organisation ${text}.`);
  if (found.length === 1) return one;
  throw new OrganisationError('conflict', `${column}: several are called ${text}: give the code or id.`);
};
