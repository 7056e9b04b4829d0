import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ACTIONS, ruleOf, type Action } from '../../../fleet/access/actions.js';
import { ANY, createDecide, FLEET, inOrganisation, type Resource } from '../../../fleet/access/decide.js';
import { createOrganisationTree } from '../../../fleet/access/organisation-tree.js';
import { ROLES, type Role } from '../../../fleet/store/people-store.js';
import { ANONYMOUS, LOCAL, type KeySubject, type PersonSubject } from '../../../fleet/access/subject.js';
import type { Organisation } from '../../../fleet/store/registry-store.js';

const ALL = Object.keys(ACTIONS) as Action[];

const organisationOf = (id: string, parentId: string | null): Organisation => ({
  id,
  parentId,
  name: id,
  type: 'service',
  code: null,
  timeZone: 'Europe/Paris',
});

/** Trees as tables: each organisation's parent is one before it, or nobody. */
const forest = fc
  .array(fc.option(fc.nat(), { nil: null, freq: 6 }), { minLength: 1, maxLength: 30 })
  .map((parents) =>
    parents.map((parent, index) =>
      organisationOf(`o${index}`, parent === null || index === 0 ? null : `o${parent % index}`),
    ),
  );

const ancestors = (organisations: readonly Organisation[], id: string): string[] => {
  const parentId = organisations.find((organisation) => organisation.id === id)?.parentId ?? null;
  return parentId === null ? [id] : [id, ...ancestors(organisations, parentId)];
};

const decideOver = (organisations: readonly Organisation[], now = 0) => {
  const tree = createOrganisationTree(organisations);
  return createDecide({ tree: () => tree, now: () => now });
};

const person = (organisationId: string, role: Role, limit?: PersonSubject['limit']): PersonSubject => ({
  type: 'person',
  id: 'p',
  name: 'P',
  organisationId,
  role,
  ...(limit === undefined ? {} : { limit }),
});

const key = (more: Partial<KeySubject>): KeySubject => ({
  type: 'key',
  id: 'k',
  name: 'K',
  organisationId: 'a',
  purpose: 'billing',
  ...more,
});

const TREE = [organisationOf('top', null), organisationOf('a', 'top'), organisationOf('b', 'top')];

describe('roles', () => {
  test('reach downward from their own organisation, never up or sideways', () => {
    fc.assert(
      fc.property(forest, fc.nat(), fc.nat(), fc.constantFrom(...ROLES), (organisations, a, b, role) => {
        const own = `o${a % organisations.length}`;
        const target = `o${b % organisations.length}`;
        const below = ancestors(organisations, target).includes(own);
        const decide = decideOver(organisations);
        for (const action of ALL) {
          const { to } = ACTIONS[action];
          const expected = to === 'everyone' || (to !== 'gateway' && to.includes(role) && below);
          expect(decide(person(own, role), action, inOrganisation(target)).permit).toBe(expected);
        }
        expect(createOrganisationTree(organisations).below(own).includes(target)).toBe(below);
      }),
    );
  });

  test('may what their table says', () => {
    const decide = decideOver(TREE);
    const changes = (role: Role) =>
      ALL.filter(
        (action) =>
          ruleOf(action)?.to !== 'everyone' &&
          ruleOf(action)?.changes === true &&
          decide(person('a', role), action, ANY).permit,
      );
    expect(changes('analyst')).toEqual([]);
    expect(changes('viewer')).toEqual([]);
    expect(changes('auditor')).toEqual([]);
    const readers = (action: Action) => ROLES.filter((role) => decide(person('a', role), action, ANY).permit);
    expect(readers('read-data')).toEqual(ROLES);
    expect(readers('read-audit')).toEqual(['owner', 'operator', 'auditor']);
    expect(readers('read-metrics')).toEqual(['owner']);
    expect(readers('add-organisation')).toEqual(['owner']);
    expect(readers('issue-enrolment-token')).toEqual(['owner', 'operator', 'technician']);
    expect(readers('recall-readings')).toEqual(['owner', 'operator']);
    expect(readers('send-batch')).toEqual([]);
  });

  test('hold for the whole fleet only on top', () => {
    const decide = decideOver(TREE);
    expect(decide(person('top', 'owner'), 'read-metrics', FLEET)).toEqual({ permit: true, reason: 'role' });
    expect(decide(person('a', 'owner'), 'read-metrics', FLEET)).toEqual({
      permit: false,
      reason: 'outside-organisation',
    });
  });

  test('reach nothing that does not exist, nor anything on a ring', () => {
    expect(decideOver(TREE)(person('top', 'owner'), 'read-data', inOrganisation('nowhere')).permit).toBe(
      false,
    );
    const ring = decideOver([organisationOf('a', 'b'), organisationOf('b', 'a')]);
    expect(ring(person('a', 'owner'), 'read-data', inOrganisation('a')).permit).toBe(false);
  });

  test('of a technician can be limited to a site and a time', () => {
    const limited = person('a', 'technician', { siteId: 'station', from: 10, to: 20 });
    const ask = (now: number, siteId?: string) =>
      decideOver(TREE, now)(limited, 'issue-enrolment-token', {
        type: 'organisation',
        organisationId: 'a',
        ...(siteId === undefined ? {} : { siteId }),
      }).reason;
    expect(ask(10, 'station')).toBe('role');
    expect(ask(19, 'station')).toBe('role');
    expect(ask(9, 'station')).toBe('outside-period');
    expect(ask(20, 'station')).toBe('outside-period');
    expect(ask(15, 'school')).toBe('outside-site');
    expect(ask(15)).toBe('outside-site');
  });

  test('survive a tree that is deeper than the stack', () => {
    const deep = Array.from({ length: 50_000 }, (_, index) =>
      organisationOf(`o${index}`, index === 0 ? null : `o${index - 1}`),
    );
    expect(decideOver(deep)(person('o1', 'owner'), 'read-data', inOrganisation('o49999')).permit).toBe(true);
    expect(decideOver(deep)(person('o2', 'owner'), 'read-data', inOrganisation('o1')).permit).toBe(false);
  });
});

const may = (more: Partial<KeySubject>, action: Action, resource: Resource = inOrganisation('a')) =>
  decideOver(TREE)(key(more), action, resource).permit;

describe('an API key', () => {
  test('may what its role gives, its actions name, and within its organisation', () => {
    expect(may({ role: 'operator' }, 'recall-readings')).toBe(true);
    expect(may({ role: 'operator' }, 'recall-readings', inOrganisation('b'))).toBe(false);
    expect(may({ actions: new Set<Action>(['read-data']) }, 'read-data')).toBe(true);
    expect(may({ actions: new Set<Action>(['read-data']) }, 'read-gateways')).toBe(false);
    expect(may({ role: 'viewer', actions: new Set<Action>(['recall-readings']) }, 'recall-readings')).toBe(
      false,
    );
    expect(may({}, 'read-data')).toBe(false);
    expect(may({ actions: new Set<Action>(['send-batch']) }, 'send-batch')).toBe(false);
  });
});

/** Of these strangers read what is open. */
const OPENLY: ReadonlySet<string> = new Set(['read-data', 'read-datasets', 'read-catalogue']);

describe('whoever is nobody', () => {
  test('may only what is for everyone; from the machine itself also its metrics', () => {
    const decide = decideOver(TREE);
    for (const action of ALL) {
      const everyone = ACTIONS[action].to === 'everyone' || OPENLY.has(action);
      expect(decide(ANONYMOUS, action, ANY).permit).toBe(everyone);
      expect(decide(LOCAL, action, ANY).permit).toBe(everyone || action === 'read-metrics');
    }
  });
});

describe('a gateway', () => {
  const gateway = { type: 'gateway', id: 'g1' } as const;

  test('speaks for itself alone, and reads nothing', () => {
    const decide = decideOver(TREE);
    for (const action of ALL) {
      const { to } = ACTIONS[action];
      expect(decide(gateway, action, { type: 'gateway', gatewayId: 'g1' }).permit).toBe(
        to === 'gateway' || to === 'everyone',
      );
      if (to === 'everyone') continue;
      for (const resource of [{ type: 'gateway', gatewayId: 'g2' } as const, ANY, inOrganisation('a')]) {
        expect(decide(gateway, action, resource).permit).toBe(false);
      }
    }
  });
});

describe('an action', () => {
  test('that is in no table is denied to everybody, whatever it is called', () => {
    const decide = decideOver(TREE);
    for (const action of ['', 'read', 'toString', '__proto__', 'constructor']) {
      expect(decide(person('top', 'owner'), action as Action, inOrganisation('top'))).toEqual({
        permit: false,
        reason: 'no-such-action',
      });
    }
  });
});
