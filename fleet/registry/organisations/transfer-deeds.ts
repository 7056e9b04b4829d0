import type { OrganisationRecord } from '../../store/organisations-store.js';
import type { NewOrganisation, Split, Transfer, Union } from './deeds.js';
import type { Draft } from './draft.js';
import { OrganisationError } from './errors.js';
import type { HandOver } from './hand-over.js';
import { addOrganisation, type OrganisationDeps } from './organisation-deeds.js';
import { timeOf } from './time.js';
import { holdingsOf, transferThings, withCompany, type Things } from './transfer.js';
import { requireLiving, requirePlace } from './tree.js';

/** Acts that change who holds what, from a date on. Each gives that date, UTC ms. */

export const transfer = (draft: Draft, asked: Transfer, deps: OrganisationDeps): number => {
  const { to, past, organisation, alone = false } = asked;
  const successor = draft.need('organisation', to);
  const at = timeOf('from', asked.from, successor.timeZone);
  const things = {
    gateways: asked.gateways ?? [],
    devices: asked.devices ?? [],
    locations: asked.locations ?? [],
    sites: asked.sites ?? [],
  };
  const named =
    organisation === undefined ? things : both(holdingsOf(draft, need(draft, organisation)), things);
  const moved = alone ? named : withCompany(draft, named);
  if (Object.values(moved).every((ids) => ids.length === 0)) {
    throw new OrganisationError(
      'invalid',
      'Name what to transfer: gateways, devices, locations, sites or an organisation.',
    );
  }
  transferThings(draft, moved, { to, at, past }, deps);
  return at;
};

/** Communes nouvelles: all that they hold, those below them and their competences pass to one; they cease. */
export const unite = (draft: Draft, asked: Union, deps: OrganisationDeps): number => {
  const into = intoOf(draft, asked.into, deps, asked.organisations);
  const at = timeOf('from', asked.from, into.timeZone);
  for (const id of asked.organisations) {
    if (id === into.id) throw new OrganisationError('invalid', `${into.name} cannot be united with itself.`);
    const former = draft.need('organisation', id);
    requireLiving(former);
    transferThings(draft, holdingsOf(draft, id), { to: into.id, at, past: asked.past }, deps);
    adopt(draft, former, into, deps);
    passCompetences(draft, former, into, at, deps);
    draft.put('organisation', { ...draft.need('organisation', id), endedAt: at, succeededBy: into.id });
  }
  return at;
};

/** Parts of what one holds pass to others; it may cease. */
export const split = (draft: Draft, asked: Split, deps: OrganisationDeps): number => {
  const former = draft.need('organisation', asked.organisation);
  requireLiving(former);
  const at = timeOf('from', asked.from, former.timeZone);
  for (const { into, ...things } of asked.parts) {
    const to = intoOf(draft, into, deps, asked.ends ? [former.id] : []).id;
    const terms: HandOver = { to, at, past: asked.past };
    const moved = withCompany(draft, things);
    requireHeld(moved, holdingsOf(draft, former.id), former);
    transferThings(draft, moved, terms, deps);
  }
  if (!asked.ends) return at;
  const left = Object.entries(holdingsOf(draft, former.id)).flatMap(([kind, ids]) =>
    ids.map((id: string) => `${kind.slice(0, -1)} ${id}`),
  );
  if (left.length > 0) {
    throw new OrganisationError(
      'conflict',
      `${former.name} cannot cease, it still holds: ${left.join(', ')}.`,
    );
  }
  draft.put('organisation', { ...former, endedAt: at });
  return at;
};

const need = (draft: Draft, id: string): string => draft.need('organisation', id).id;

const both = (a: Required<Things>, b: Required<Things>): Required<Things> => ({
  gateways: [...new Set([...a.gateways, ...b.gateways])],
  devices: [...new Set([...a.devices, ...b.devices])],
  locations: [...new Set([...a.locations, ...b.locations])],
  sites: [...new Set([...a.sites, ...b.sites])],
});

const intoOf = (
  draft: Draft,
  into: string | NewOrganisation,
  deps: OrganisationDeps,
  ceasing: readonly string[],
): OrganisationRecord => {
  if (typeof into !== 'string') return addOrganisation(draft, into, deps, ceasing);
  const known = draft.need('organisation', into);
  requireLiving(known);
  return known;
};

const adopt = (
  draft: Draft,
  former: OrganisationRecord,
  into: OrganisationRecord,
  { vocabulary }: OrganisationDeps,
): void => {
  for (const child of draft.records('organisation', { parentId: former.id, mergedInto: null })) {
    if (child.id === into.id || child.endedAt !== null) continue;
    requirePlace(draft, vocabulary, child, into.id);
    draft.put('organisation', { ...child, parentId: into.id });
  }
};

/** Competences that it held pass on; those that were held for it go on for its successor, once. */
const passCompetences = (
  draft: Draft,
  former: OrganisationRecord,
  into: OrganisationRecord,
  at: number,
  { newId }: OrganisationDeps,
): void => {
  const concerned = [
    ...draft.records('competence', { holderId: former.id, to: null }),
    ...draft
      .records('competence', { forId: former.id, to: null })
      .filter(({ holderId }) => holderId !== former.id),
  ];
  for (const competence of concerned) {
    const { key, holderId, forId, from } = competence;
    if (from >= at) draft.remove('competence', competence);
    else draft.put('competence', { ...competence, to: at });
    const passed = {
      key,
      holderId: holderId === former.id ? into.id : holderId,
      forId: forId === former.id ? into.id : forId,
    };
    if (draft.records('competence', { key, forId: passed.forId, to: null }).length > 0) continue;
    draft.put('competence', { id: newId(), ...passed, from: Math.max(from, at), to: null });
  }
};

const requireHeld = (moved: Required<Things>, held: Required<Things>, { name }: OrganisationRecord): void => {
  for (const kind of ['gateways', 'devices', 'locations', 'sites'] as const) {
    const foreign = moved[kind].find((id) => !held[kind].includes(id));
    if (foreign !== undefined) {
      throw new OrganisationError('unknown', `${name} holds no ${kind.slice(0, -1)} ${foreign}.`);
    }
  }
};
