import type { AuditPosition } from '../../store/audit-store.js';
import type { RegistryStore } from '../../store/registry-store.js';
import type { AuditTrail } from './audit-trail.js';
import type { AuditRecord } from './content.js';
import { ERASING } from './verify-trail.js';

export interface EraseDeps {
  readonly registry: Pick<RegistryStore, 'audit' | 'person' | 'erasePerson'>;
  readonly audit: AuditTrail;
  /** UTC ms. */
  readonly now: () => number;
}

/** What went, and what is left of it. */
export interface PersonErasure {
  readonly personId: string;
  readonly erased: string;
  /** Entries of audit trails that no longer say anything; their hashes stay. */
  readonly auditEntries: readonly { readonly organisationId: string; readonly numbers: readonly number[] }[];
}

/**
 * Erases a person: their account with all that is theirs, and what audit trails say of them. Each trail that loses
 * content gets an entry that names which, so that it still verifies. All of it in one transaction. `undefined` where
 * there is no such person.
 */
export const erasePerson = (
  { registry, audit, now }: EraseDeps,
  personId: string,
  by: Pick<AuditRecord, 'subject' | 'from'>,
): PersonErasure | undefined =>
  registry.audit.together(() => {
    const person = registry.person(personId);
    if (person === undefined) return undefined;
    const positions = registry.audit.naming(personId);
    registry.audit.erase(positions);
    registry.erasePerson(personId, now());
    const trails = new Map([[person.organisationId, [] as number[]], ...byTrail(positions)]);
    for (const [organisationId, erasedEntries] of trails) {
      const resource = { type: 'person', id: null, organisationId };
      audit.record({ ...by, action: ERASING, resource, after: { erasedEntries }, outcome: 'done' });
    }
    return {
      personId,
      erased: new Date(now()).toISOString(),
      auditEntries: [...trails].map(([organisationId, numbers]) => ({ organisationId, numbers })),
    };
  });

const byTrail = (positions: readonly AuditPosition[]): Map<string, number[]> => {
  const trails = new Map<string, number[]>();
  for (const { trail, number } of positions) trails.set(trail, [...(trails.get(trail) ?? []), number]);
  return trails;
};
