import type {
  Person,
  PersonState,
  PersonTable,
  Role,
  SecondFactorTable,
  SessionNeed,
} from '../store/people-store.js';
import type { Organisation } from '../store/registry-store.js';

export interface SessionNeedsDeps {
  readonly store: Pick<
    SecondFactorTable,
    'secondFactorRoles' | 'setSecondFactorRoles' | 'requireOfSessions'
  > &
    Pick<PersonTable, 'people'>;
  readonly organisations: () => readonly Organisation[];
}

export interface SessionNeeds {
  /** What a session of this person still needs, the first thing first. */
  of(person: PersonState, proof: { readonly secondFactor: boolean }): SessionNeed | null;
  /** Whether this person's role needs a second factor, as their organisation or one above it decided. */
  requiresSecondFactor(person: Pick<Person, 'organisationId' | 'role'>): boolean;
  /** Roles that need one at this organisation. */
  rolesAt(organisationId: string): readonly Role[];
  /** An organisation decides for itself and those below; holds for open sessions too. */
  require(organisationId: string, roles: readonly Role[]): void;
}

export const createSessionNeeds = ({ store, organisations }: SessionNeedsDeps): SessionNeeds => {
  const rolesAt = (organisationId: string): Role[] => {
    const parents = new Map(organisations().map(({ id, parentId }) => [id, parentId]));
    const roles = new Set<Role>();
    const seen = new Set<string>();
    for (let id: string | null = organisationId; id !== null && !seen.has(id); id = parents.get(id) ?? null) {
      seen.add(id);
      for (const role of store.secondFactorRoles(id)) roles.add(role);
    }
    return [...roles].toSorted();
  };
  const requiresSecondFactor: SessionNeeds['requiresSecondFactor'] = ({ organisationId, role }) =>
    rolesAt(organisationId).includes(role);
  return {
    of: (person, { secondFactor }) => {
      const enrolled = person.secondFactorSince !== null;
      if (!secondFactor && enrolled) return 'second-factor';
      if (!secondFactor && requiresSecondFactor(person)) return 'second-factor-enrolment';
      return person.mustChangePassword ? 'new-password' : null;
    },
    requiresSecondFactor,
    rolesAt,
    require: (organisationId, roles) => {
      store.setSecondFactorRoles(organisationId, roles);
      const lacking = store
        .people()
        .filter((person) => person.secondFactorSince === null && requiresSecondFactor(person));
      store.requireOfSessions(
        lacking.map(({ id }) => id),
        'second-factor-enrolment',
      );
    },
  };
};
