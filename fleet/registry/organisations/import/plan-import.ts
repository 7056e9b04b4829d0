import type { OrganisationsStore } from '../../../store/organisations-store.js';
import type { Draft } from '../draft.js';
import { OrganisationError } from '../errors.js';
import type { OrganisationDeps } from '../organisation-deeds.js';
import type { Actor, Organisations } from '../organisations.js';
import { importSteps } from './import-rows.js';

/** Plans imports of thousands of rows in slices: whoever else asks for something has a turn between two of them. */
export const createPlanImport =
  (
    deps: OrganisationDeps & { readonly store: OrganisationsStore },
    draftFor: (actor: Actor) => Draft,
  ): Organisations['planImport'] =>
  async (table, actor, turn) => {
    for (let tries = 0; tries < IMPORT_TRIES; tries += 1) {
      const newest = newestAct(deps.store);
      const draft = draftFor(actor);
      const summary = await inSlices(importSteps(draft, table, deps), turn);
      // what was read between two turns must still go together
      if (newestAct(deps.store) !== newest) continue;
      return { kind: 'import', effective: null, summary, changes: draft.changes() };
    }
    throw new OrganisationError('changed-since', 'Others changed organisations meanwhile: try again.');
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
