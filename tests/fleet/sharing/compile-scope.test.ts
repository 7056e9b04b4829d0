import { describe, expect, test } from 'vitest';
import { compileOwnScope } from '../../../fleet/sharing/compile-scope.js';
import { createOrganisationTree } from '../../../fleet/access/organisation-tree.js';
import type { Role } from '../../../fleet/store/people-store.js';
import { ANONYMOUS, LOCAL, type PersonSubject } from '../../../fleet/access/subject.js';
import { NOTHING } from '../../../fleet/sharing/scope.js';
import type { Organisation } from '../../../fleet/store/registry-store.js';

const organisation = (id: string, parentId: string | null): Organisation => ({
  id,
  parentId,
  name: id,
  type: 'service',
  code: null,
  timeZone: 'Europe/Paris',
});

const TREE = createOrganisationTree([
  organisation('top', null),
  organisation('a', 'top'),
  organisation('a1', 'a'),
  organisation('b', 'top'),
]);

const person = (organisationId: string, role: Role = 'viewer'): PersonSubject => ({
  type: 'person',
  id: 'p',
  name: 'P',
  organisationId,
  role,
});

const scopeOf = (organisationId: string, role?: Role) =>
  compileOwnScope(person(organisationId, role), TREE, 0);

describe('a scope', () => {
  test('names one’s own organisation and those below, raw and without delay', () => {
    expect(scopeOf('a').grants).toEqual([
      { organisationId: 'a', finestMs: 0, delayMs: 0 },
      { organisationId: 'a1', finestMs: 0, delayMs: 0 },
    ]);
    expect(scopeOf('top').grants).toHaveLength(4);
    expect(scopeOf('b', 'owner').grants).toHaveLength(1);
  });

  test('is empty for whoever belongs to no organisation, or to one that does not exist', () => {
    for (const subject of [ANONYMOUS, LOCAL, { type: 'gateway', id: 'g' } as const, person('nowhere')]) {
      expect(compileOwnScope(subject, TREE, 0).grants).toEqual(NOTHING.grants);
    }
  });

  test('is empty outside the days of a role', () => {
    const limited: PersonSubject = { ...person('a', 'technician'), limit: { from: 10, to: 20 } };
    const sizes = [9, 10, 19, 20].map((now) => compileOwnScope(limited, TREE, now).grants.length);
    expect(sizes).toEqual([0, 2, 2, 0]);
  });
});
