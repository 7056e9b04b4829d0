import { join } from 'node:path';
import { expect, test } from 'vitest';
import { newId } from '../../../fleet/registry/new-id.js';
import { openDatabase } from '../../../fleet/store/sqlite/database.js';
import { openRegistryStore } from '../../../fleet/store/sqlite/registry-store.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

test('a registry of schema 1 gets what it lacks, and keeps what it has', () => {
  const path = join(temporaryFolder(), 'registry.db');
  const place = { parentId: null, type: 'service', code: null, timeZone: 'UTC' } as const;
  const first = openRegistryStore(path, { newId });
  first.addOrganisation({ id: 'top', name: 'Top', ...place });
  first.close();
  const older = openDatabase(path);
  for (const column of ['limit_site', 'limit_from', 'limit_to']) {
    older.exec(`alter table invitation drop column ${column}`);
  }
  older.exec('alter table enrolment_token drop column site_id');
  older.pragma('user_version = 1');
  older.close();
  for (const opened of [openRegistryStore(path, { newId }), openRegistryStore(path, { newId })]) {
    expect(opened.organisations().map(({ id }) => id)).toEqual(['top']);
    expect(opened.invitations()).toEqual([]);
    expect(opened.enrolmentTokens()).toEqual([]);
    opened.close();
  }
});
