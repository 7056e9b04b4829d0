import type { AuditTrail } from '../access/audit/audit-trail.js';
import type { AuditRecord } from '../access/audit/content.js';
import { erasePerson, type PersonErasure } from '../access/audit/erase-person.js';
import type { RegistryStore } from '../store/registry-store.js';
import type { ErasureReceipt } from './receipt.js';

/** People as a receipt names them. */
export const peopleOf = (erased: readonly PersonErasure[]): NonNullable<ErasureReceipt['people']> =>
  erased.map(({ personId, auditEntries }) => ({
    personId,
    trails: auditEntries.map(({ organisationId, numbers }) => ({ organisationId, numbers: [...numbers] })),
  }));

/** Erases all people of an organisation. */
export const erasePeople = (
  deps: { readonly registry: RegistryStore; readonly audit: AuditTrail; readonly now: () => number },
  organisationId: string,
  by: Pick<AuditRecord, 'subject' | 'from'>,
): readonly PersonErasure[] =>
  deps.registry
    .people()
    .filter((person) => person.organisationId === organisationId)
    .flatMap(({ id }) => erasePerson(deps, id, by) ?? []);
