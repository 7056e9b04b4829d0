import { StoreError } from '../../store/errors.js';
import type {
  Act,
  ActKind,
  Change,
  JsonObject,
  NewAct,
  OrganisationsStore,
} from '../../store/organisations-store.js';
import type { Deed } from './deeds.js';
import { createDraft, type Draft } from './draft.js';
import { OrganisationError } from './errors.js';
import { importRows, importSteps } from './import/import-rows.js';
import type { ImportTable } from './import/table.js';
import { merge } from './merge-deeds.js';
import { replaceMeter, revise } from './meter-deeds.js';
import {
  addCompetence,
  addOrganisation,
  changeOrganisation,
  endCompetence,
  removeOrganisation,
} from './organisation-deeds.js';
import { addLocation, addSite, changeLocation, changeSite, placeGateway, removeSite } from './place-deeds.js';
import { split, transfer, unite } from './transfer-deeds.js';
import type { OrganisationVocabulary } from './vocabulary.js';
import type { Reach } from '../../store/reach.js';
import { concernsOnly, withinReach } from './within-reach.js';

/** Who acts, and on which organisations: what is outside does not exist for them. */
export interface Actor {
  readonly by: string;
  /** `undefined`: all, for whoever runs the fleet. */
  readonly reach?: Reach;
}

/** What an act would do, or did. */
export interface Plan {
  readonly kind: ActKind;
  readonly effective: number | null;
  readonly summary: JsonObject;
  readonly changes: readonly Change[];
}

/** Acts on organisations, sites, locations and meters: planned, performed, kept, taken back. */
export interface Organisations {
  /** What the deed would change; writes nothing. Throws `OrganisationError`. */
  plan(deed: Deed, actor: Actor): Plan;
  /**
   * Plans an import of thousands of rows, with `turn` between slices of a few ms. Rejects with `changed-since` where
   * somebody goes on acting meanwhile.
   */
  planImport(table: ImportTable, actor: Actor, turn: () => Promise<void>): Promise<Plan>;
  /** Plans and performs. `expected` sees the rows as they are before anything is written, and may throw. */
  perform(deed: Deed, actor: Actor): Act;
  /** Performs what was planned, as long as nothing of it was changed since. */
  performPlan(plan: Plan, actor: Actor): Act;
  /** Takes an act back. Throws `changed-since` where something that it changed was changed again. */
  undo(actId: string, actor: Actor): Act;
  /** Drafts over the rows that the actor reaches. */
  draft(actor: Actor): Draft;
}

export interface OrganisationsDeps {
  readonly store: OrganisationsStore;
  readonly vocabulary: OrganisationVocabulary;
  readonly newId: () => string;
  readonly now: () => number;
}

export const createOrganisations = (deps: OrganisationsDeps): Organisations => {
  const { store, newId, now } = deps;
  const draftFor = ({ reach }: Actor): Draft =>
    createDraft(reach === undefined ? store : withinReach(store, reach));
  const plan = (deed: Deed, actor: Actor): Plan => {
    const draft = draftFor(actor);
    const planned = { ...drafted(draft, deed, deps), changes: draft.changes() };
    requireOnSite(draft, planned, actor);
    return planned;
  };
  const planImport: Organisations['planImport'] = async (table, actor, turn) => {
    for (let tries = 0; tries < IMPORT_TRIES; tries += 1) {
      const newest = newestAct(store);
      const draft = draftFor(actor);
      const summary = await inSlices(importSteps(draft, table, deps), turn);
      // what was read between two turns must still go together
      if (newestAct(store) !== newest) continue;
      return { kind: 'import', effective: null, summary, changes: draft.changes() };
    }
    throw new OrganisationError('changed-since', 'Others changed organisations meanwhile: try again.');
  };
  const keep = (act: NewAct): Act => {
    try {
      store.apply(act);
    } catch (error) {
      if (error instanceof StoreError && isRefusal(error.code)) {
        throw new OrganisationError(error.code === 'taken' ? 'conflict' : error.code, error.message);
      }
      throw error;
    }
    return { ...act, undoneBy: null };
  };
  const performPlan = (planned: Plan, { by }: Actor): Act => keep({ id: newId(), at: now(), by, ...planned });
  return {
    plan,
    planImport,
    performPlan,
    perform: (deed, actor) => performPlan(plan(deed, actor), actor),
    undo: (actId, actor) => {
      const act = undoing(store, actId, actor, { id: newId(), at: now() });
      try {
        return keep(act);
      } catch (error) {
        if (!(error instanceof OrganisationError) || error.code !== 'changed-since') throw error;
        const later = laterThan(store, actId);
        const first =
          later === undefined ? '' : ` The act ${later.id} (${later.kind}) came later: undo that first.`;
        throw new OrganisationError('changed-since', `What this act changed was changed again.${first}`);
      }
    },
    draft: draftFor,
  };
};

/** An import that others cut across is planned anew so often. */
const IMPORT_TRIES = 3;
const SLICE_MS = 10;

const newestAct = (store: OrganisationsStore): string | undefined => store.acts({ limit: 1 })[0]?.id;

/** Runs a generator to its end, with a turn of others whenever a slice is over. */
const inSlices = async <Result>(
  steps: Generator<undefined, Result>,
  turn: () => Promise<void>,
): Promise<Result> => {
  for (let began = performance.now(); ;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (performance.now() - began < SLICE_MS) continue;
    await turn();
    began = performance.now();
  }
};

/** Throws `unknown` where somebody whose role is limited to a site would put something beyond it. */
const requireOnSite = (draft: Draft, { changes }: Plan, { reach }: Actor): void => {
  if (reach?.siteId === undefined || concernsOnly(draft, changes, reach)) return;
  throw new OrganisationError(
    'unknown',
    'siteId: your role is limited to one site, and this goes beyond it.',
  );
};

const isRefusal = (code: StoreError['code']): code is 'changed-since' | 'taken' | 'in-use' =>
  code === 'changed-since' || code === 'taken' || code === 'in-use';

type Drafted = Omit<Plan, 'changes'>;

const plain = (kind: ActKind, deed: Deed, effective: number | null = null): Drafted => ({
  kind,
  effective,
  summary: JSON.parse(JSON.stringify(deed)) as JsonObject,
});

const drafted = (draft: Draft, deed: Deed, deps: OrganisationsDeps): Drafted => {
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

const simple = (draft: Draft, deed: Simple, deps: OrganisationsDeps): Drafted => {
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
    case 'place-gateway':
      placeGateway(draft, deed.id, deed.siteId);
      return plain('change', deed);
  }
};

const undoing = (
  store: OrganisationsStore,
  actId: string,
  { by, reach }: Actor,
  made: { readonly id: string; readonly at: number },
): NewAct => {
  const act = store.act(actId);
  if (act === undefined || (reach !== undefined && !concernsOnly(store, act.changes, reach))) {
    throw new OrganisationError('unknown', `There is no act ${actId}.`);
  }
  if (act.undoneBy !== null) {
    throw new OrganisationError('not-undoable', `This act was taken back already, by ${act.undoneBy}.`);
  }
  const changes = act.changes
    .toReversed()
    .map(({ record, before, after }) => ({ record, before: after, after: before }) as Change);
  const summary = { undoes: actId, kind: act.kind };
  return { ...made, kind: 'undo', by, effective: act.effective, summary, changes, undoes: actId };
};

/** Where an act cannot be taken back: the newest one that changed the same again. */
const laterThan = (store: OrganisationsStore, actId: string): Act | undefined => {
  const act = store.act(actId);
  const ids = new Set(act?.changes.map(({ before, after }) => (after ?? before)?.id ?? ''));
  const later = [...ids].flatMap((recordId) => store.acts({ recordId, limit: 5 }));
  return later
    .filter(
      ({ id, at, kind, undoneBy }) =>
        id !== actId && at >= (act?.at ?? 0) && kind !== 'undo' && undoneBy === null,
    )
    .toSorted((a, b) => b.at - a.at)[0];
};
