import { createDecide, inOrganisation } from '../../fleet/access/decide.js';
import { createOrganisationTree, treeOf } from '../../fleet/access/organisation-tree.js';
import type { Action } from '../../fleet/access/actions.js';
import type { PersonSubject } from '../../fleet/access/subject.js';
import { ROLES } from '../../fleet/store/people-store.js';
import { measureLatest } from './access-latest.js';
import { ORGANISATIONS } from './access-organisations.js';

const PEOPLE = 10_000;
const DECISIONS = 1_000_000;
const ACTIONS: readonly Action[] = [
  'read-data',
  'read-gateways',
  'recall-readings',
  'add-organisation',
  'read-audit',
];

/** Numbers in [0, 1), the same in each run (Lehmer). */
const createRandom = (): (() => number) => {
  let state = 20_240_229;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
};

const measureDecisions = (): { decisionsPerSecond: number; permittedPercent: number } => {
  const random = createRandom();
  const pick = <Item>(items: readonly Item[]): Item | undefined => items[Math.floor(random() * items.length)];
  const people = Array.from({ length: PEOPLE }, (_, index): PersonSubject => ({
    type: 'person',
    id: `p${index}`,
    name: `P${index}`,
    organisationId: pick(ORGANISATIONS)?.id ?? '',
    role: pick(ROLES) ?? 'viewer',
  }));
  const asked = Array.from({ length: 100_000 }, () => {
    const subject = people[Math.floor(random() * PEOPLE)];
    const action = pick(ACTIONS);
    if (subject === undefined || action === undefined) throw new Error('nobody asks');
    // half of what people ask for is their own
    const target = random() < 0.5 ? subject.organisationId : (pick(ORGANISATIONS)?.id ?? '');
    return { subject, action, resource: inOrganisation(target) };
  });
  const decide = createDecide({ tree: () => treeOf(ORGANISATIONS), now: Date.now });
  const run = (count: number): number => {
    let permitted = 0;
    for (let index = 0; index < count; index += 1) {
      const one = asked[index % asked.length];
      if (one !== undefined && decide(one.subject, one.action, one.resource).permit) permitted += 1;
    }
    return permitted;
  };
  run(DECISIONS / 10);
  const startedAt = performance.now();
  const permitted = run(DECISIONS);
  const seconds = (performance.now() - startedAt) / 1000;
  return { decisionsPerSecond: DECISIONS / seconds, permittedPercent: (permitted / DECISIONS) * 100 };
};

/**
 * Decisions of 10,000 people over 1,000 organisations; the making of the tree after a change; and what knowing, deciding
 * and compiling the scope cost a request of `/latest` over the real stores, in percent of the whole request.
 */
export const run = async (): Promise<Record<string, number>> => {
  const startedAt = performance.now();
  createOrganisationTree(ORGANISATIONS);
  const treeMs = performance.now() - startedAt;
  return { ...measureDecisions(), treeMs, ...(await measureLatest()) };
};
