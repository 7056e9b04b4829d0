import type { Act, Change, OrganisationsStore } from '../../store/organisations-store.js';
import { OrganisationError } from './errors.js';
import type { Actor, UnkeptAct } from './organisations.js';
import { concernsOnly } from './within-reach.js';

export interface UndoDeps {
  readonly store: OrganisationsStore;
  readonly newId: () => string;
  readonly now: () => number;
  /** Applies an act and keeps it. */
  readonly keep: (act: UnkeptAct) => Act;
}

/** Takes an act back, where nothing that it changed was changed again; else says what came later. */
export const createUndo =
  ({ store, newId, now, keep }: UndoDeps) =>
  (actId: string, actor: Actor): Act => {
    const act = undoing(store, actId, actor, { id: newId(), at: now() });
    try {
      return keep(act);
    } catch (error) {
      throw error instanceof OrganisationError ? explained(store, act, actor, error) : error;
    }
  };

const explained = (
  store: OrganisationsStore,
  act: UnkeptAct,
  actor: Actor,
  error: OrganisationError,
): OrganisationError => {
  if (error.code === 'changed-since') {
    const later = laterThan(store, act.undoes ?? '', actor);
    const first =
      later === undefined ? '' : ` The act ${later.id} (${later.kind}) came later: undo that first.`;
    return new OrganisationError('changed-since', `What this act changed was changed again.${first}`);
  }
  const named = act.changes.flatMap((change) => membersOf(store, change));
  if (error.code !== 'in-use' || named.length === 0) return error;
  return new OrganisationError(
    'in-use',
    `What this act added is in use: ${named.join('; ')}. Take these away, or give them to another, first.`,
  );
};

/** What belongs to an organisation beside what it holds. */
const BELONGING = [
  ['person', 'person'],
  ['key', 'key'],
  ['invitation', 'invitation'],
  ['provider', 'identity provider'],
  ['token', 'claim token'],
] as const;

/** Of an organisation that would go: who and what came to it since. */
const membersOf = (store: OrganisationsStore, { record, before, after }: Change): readonly string[] => {
  if (record !== 'organisation' || before === null || after !== null) return [];
  const counts = BELONGING.flatMap(([name, noun]) => {
    const { length } = store.records(name, { organisationId: before.id });
    return length === 0 ? [] : [`${length} ${noun}${length === 1 ? '' : 's'}`];
  });
  return counts.length === 0 ? [] : [`${before.name} has ${counts.join(', ')}`];
};

const undoing = (
  store: OrganisationsStore,
  actId: string,
  { by, reach }: Actor,
  made: { readonly id: string; readonly at: number },
): UnkeptAct => {
  const act = reach === undefined ? store.act(actId) : store.actIn(reach, actId);
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
const laterThan = (store: OrganisationsStore, actId: string, { reach }: Actor): Act | undefined => {
  const act = store.act(actId);
  const actsOf = (recordId: string): readonly Act[] => {
    const query = { recordId, limit: 5 };
    return reach === undefined ? store.acts(query) : store.actsIn(reach, query);
  };
  const ids = new Set(act?.changes.map(({ before, after }) => (after ?? before)?.id ?? ''));
  const later = [...ids].flatMap(actsOf);
  return later
    .filter(
      ({ id, at, kind, undoneBy }) =>
        id !== actId && at >= (act?.at ?? 0) && kind !== 'undo' && undoneBy === null,
    )
    .toSorted((a, b) => b.at - a.at)[0];
};
