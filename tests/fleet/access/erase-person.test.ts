import { expect, test } from 'vitest';
import { erasePerson } from '../../../fleet/access/audit/erase-person.js';
import { entriesOf } from '../../../fleet/access/audit/read-entries.js';
import { verifyTrail } from '../../../fleet/access/audit/verify-trail.js';
import { operatorSubject } from '../../../fleet/access/subject.js';
import { openDatabase } from '../../../fleet/store/sqlite/database.js';
import { done, openTrail, PERSON } from './trail-under-test.js';

test('an erased person is in no account and no entry, and the trails still verify', () => {
  const { registry, audit, clock, path } = openTrail();
  const { id, name, organisationId, role } = PERSON;
  registry.addPerson({ id, login: 'paul', name, organisationId, role, passwordHash: 'h' });
  audit.record(done());
  audit.record(done({ subject: { ...PERSON, id: 'other', name: 'Anna' } }));
  audit.record(done({ resource: { type: 'person', id, organisationId: 'top' } }));
  const by = { subject: operatorSubject('root'), from: 'command line' };
  const deps = { registry, audit, now: () => clock.now };
  const receipt = erasePerson(deps, id, by);
  expect(receipt?.auditEntries).toEqual([
    { organisationId: 'a', numbers: [0] },
    { organisationId: 'top', numbers: [0] },
  ]);
  expect(registry.person(id)).toBeUndefined();
  const entries = registry.audit.find(['a', 'top'], { limit: 100 });
  expect(entries.filter(({ content }) => content === null)).toHaveLength(2);
  expect(JSON.stringify(entries)).not.toContain('Paul');
  for (const trail of ['a', 'top']) {
    expect(verifyTrail(trail, entriesOf(registry.audit, trail), [])).toMatchObject({
      erased: 1,
      findings: [],
    });
  }
  expect(erasePerson(deps, id, by)).toBeUndefined();
  const database = openDatabase(path);
  database.exec("update audit_content set content = null, salt = null where trail = 'a' and number = 1");
  database.close();
  expect(verifyTrail('a', entriesOf(registry.audit, 'a'), []).findings).toMatchObject([{ number: 1 }]);
});
