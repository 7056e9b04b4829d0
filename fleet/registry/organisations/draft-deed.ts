import type { ActKind, JsonObject } from '../../store/organisations-store.js';
import type { Deed } from './deeds.js';
import type { Draft } from './draft.js';
import { importRows } from './import/import-rows.js';
import { merge } from './merge-deeds.js';
import { replaceMeter, revise } from './meter-deeds.js';
import {
  addCompetence,
  addOrganisation,
  changeOrganisation,
  endCompetence,
  removeOrganisation,
  type OrganisationDeps,
} from './organisation-deeds.js';
import {
  addLocation,
  addSite,
  changeLocation,
  changeSite,
  placeGateway,
  removeLocation,
  removeSite,
} from './place-deeds.js';
import { split, transfer, unite } from './transfer-deeds.js';

/** What a deed is as an act: its kind, from when on it holds, and how it was decided. */
export interface Drafted {
  readonly kind: ActKind;
  readonly effective: number | null;
  readonly summary: JsonObject;
}

const plain = (kind: ActKind, deed: Deed, effective: number | null = null): Drafted => ({
  kind,
  effective,
  summary: JSON.parse(JSON.stringify(deed)) as JsonObject,
});

/** Drafts a deed over the rows that `draft` reaches. Throws `OrganisationError`. */
export const draftDeed = (draft: Draft, deed: Deed, deps: OrganisationDeps): Drafted => {
  switch (deed.deed) {
    case 'transfer':
      return plain('transfer', deed, transfer(draft, deed.asked, deps));
    case 'unite':
      return plain('unite', deed, unite(draft, deed.asked, deps));
    case 'split':
      return plain('split', deed, split(draft, deed.asked, deps));
    case 'merge': {
      const found = merge(draft, deed.asked, deps.vocabulary);
      return { ...plain('merge', deed), summary: { ...plain('merge', deed).summary, ...found } };
    }
    case 'replace-meter': {
      const { at, summary } = replaceMeter(draft, deed.asked, deps);
      return { kind: 'replace-meter', effective: at, summary: { deed: deed.deed, ...summary } };
    }
    case 'revise':
      revise(draft, deed.asked);
      return plain('revise', deed);
    case 'import':
      return { kind: 'import', effective: null, summary: importRows(draft, deed.table, deps) };
    default:
      return simple(draft, deed, deps);
  }
};

type Simple = Exclude<
  Deed,
  { deed: 'transfer' | 'unite' | 'split' | 'merge' | 'replace-meter' | 'revise' | 'import' }
>;

const simple = (draft: Draft, deed: Simple, deps: OrganisationDeps): Drafted => {
  switch (deed.deed) {
    case 'add-organisation':
      addOrganisation(draft, deed.asked, deps);
      return plain('add', deed);
    case 'change-organisation':
      changeOrganisation(draft, deed.id, deed.asked, deps);
      return plain(deed.asked.parentId === undefined ? 'change' : 'move', deed);
    case 'remove-organisation':
      removeOrganisation(draft, deed.id);
      return plain('remove', deed);
    case 'add-competence':
      addCompetence(draft, deed.asked, deps);
      return plain('add', deed);
    case 'end-competence':
      endCompetence(draft, deed.id, deed.to);
      return plain('change', deed);
    case 'add-site':
      addSite(draft, deed.asked, deps);
      return plain('add', deed);
    case 'change-site':
      changeSite(draft, deed.id, deed.asked);
      return plain('change', deed);
    case 'remove-site':
      removeSite(draft, deed.id);
      return plain('remove', deed);
    case 'add-location':
      addLocation(draft, deed.asked, deps);
      return plain('add', deed);
    case 'change-location':
      changeLocation(draft, deed.id, deed.asked);
      return plain('change', deed);
    case 'remove-location':
      removeLocation(draft, deed.id);
      return plain('remove', deed);
    case 'place-gateway':
      placeGateway(draft, deed.id, deed.siteId);
      return plain('change', deed);
  }
};
