import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createAuditTrail } from '../../../fleet/access/audit/audit-trail.js';
import type { AuditRecord } from '../../../fleet/access/audit/content.js';
import { createOrganisationTree } from '../../../fleet/access/organisation-tree.js';
import type { PersonSubject } from '../../../fleet/access/subject.js';
import { newId } from '../../../fleet/registry/new-id.js';
import { openRegistryStore } from '../../../fleet/store/sqlite/registry-store.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

export const ORGANISATION = { name: 'O', type: 'service', code: null, timeZone: 'Europe/Paris' } as const;

/** An audit trail over a real registry with the organisations `top` and, below it, `a`. */
export const openTrail = () => {
  const folder = temporaryFolder();
  const path = join(folder, 'registry.db');
  const registry = openRegistryStore(path, { newId });
  onTestFinished(() => registry.close());
  registry.addOrganisation({ ...ORGANISATION, id: 'top', parentId: null });
  registry.addOrganisation({ ...ORGANISATION, id: 'a', parentId: 'top' });
  const clock = { now: 1000 };
  const audit = createAuditTrail({
    store: registry.audit,
    tree: () => createOrganisationTree(registry.organisations()),
    now: () => clock.now,
    random: randomBytes,
  });
  return { folder, path, registry, clock, audit };
};

export const PERSON: PersonSubject = {
  type: 'person',
  id: 'p',
  name: 'Paul',
  organisationId: 'a',
  role: 'owner',
};

export const done = (more: Partial<AuditRecord> = {}): AuditRecord => ({
  subject: PERSON,
  action: 'add-organisation',
  resource: { type: 'organisation', id: 'a9', organisationId: 'a' },
  after: { name: 'Nouvelle' },
  from: '192.0.2.1',
  outcome: 'done',
  ...more,
});
