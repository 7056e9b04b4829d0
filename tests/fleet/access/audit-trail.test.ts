import { describe, expect, test } from 'vitest';
import { SINGLE, WINDOW_MS } from '../../../fleet/access/audit/refusals.js';
import { ANONYMOUS } from '../../../fleet/access/subject.js';
import { openDatabase } from '../../../fleet/store/sqlite/database.js';
import { done, openTrail, ORGANISATION, PERSON } from './trail-under-test.js';

const LIMIT = { limit: 100 };

describe('the audit trail', () => {
  test('keeps who, what, before and after, from where, in the trail of the organisation it concerns', () => {
    const { registry, audit } = openTrail();
    audit.record(done({ before: { name: 'Ancienne' } }));
    const [entry, ...rest] = registry.audit.find(['a'], LIMIT);
    expect(rest).toEqual([]);
    expect(entry).toMatchObject({ trail: 'a', number: 0, at: 1000 });
    expect(JSON.parse(entry?.content ?? '')).toEqual({
      subject: { type: 'person', id: 'p', name: 'Paul', organisationId: 'a' },
      action: 'add-organisation',
      resource: { type: 'organisation', id: 'a9' },
      before: { name: 'Ancienne' },
      after: { name: 'Nouvelle' },
      from: '192.0.2.1',
      outcome: 'done',
      reason: null,
      count: 1,
    });
    expect(registry.audit.find(['top'], LIMIT)).toEqual([]);
    expect(registry.audit.find([], LIMIT)).toEqual([]);
  });

  test('puts what concerns no organisation into that of whoever acts, else on top', () => {
    const { registry, audit } = openTrail();
    const resource = { type: 'any', id: null, organisationId: null };
    audit.record(done({ resource, outcome: 'refused' }));
    audit.record(done({ resource, outcome: 'refused', subject: ANONYMOUS }));
    expect(registry.audit.find(['a', 'top'], LIMIT).map(({ trail }) => trail)).toEqual(['top', 'a']);
  });

  test('is found by who, what, when and outcome, newest first, page by page', () => {
    const { registry, audit, clock } = openTrail();
    for (const action of ['add-organisation', 'recall-readings', 'recall-readings'] as const) {
      clock.now += 1000;
      audit.record(done({ action }));
    }
    audit.record(done({ outcome: 'refused', reason: 'role-lacks-it', subject: { ...PERSON, id: 'q' } }));
    const found = (search: object) =>
      registry.audit.find(['a'], { ...LIMIT, ...search }).map(({ number }) => number);
    expect(found({})).toEqual([3, 2, 1, 0]);
    expect(found({ subject: 'p' })).toEqual([2, 1, 0]);
    expect(found({ action: 'recall-readings' })).toEqual([2, 1]);
    expect(found({ outcome: 'refused' })).toEqual([3]);
    expect(found({ resource: 'a9', from: 3000, to: 4000 })).toEqual([1]);
    expect(found({ resource: 'zz' })).toEqual([]);
    expect(found({ before: { at: 4000, trail: 'a', number: 3 } })).toEqual([2, 1, 0]);
  });

  test('and the change that it tells of are stored together or not at all', () => {
    const { registry, audit } = openTrail();
    const add = (id: string) => () => registry.addOrganisation({ ...ORGANISATION, id, parentId: 'a' });
    audit.change(add('a1'), () => done());
    expect(() => audit.change(add('a1'), () => done())).toThrow();
    expect(() =>
      audit.change(add('a2'), () => {
        throw new Error('no record of it');
      }),
    ).toThrow('no record');
    expect(registry.organisations().map(({ id }) => id)).toEqual(['a', 'a1', 'top']);
    expect(registry.audit.find(['a'], LIMIT)).toHaveLength(1);
  });

  test('is appended to and never changed, not even by SQL that forgets itself', () => {
    const { registry, audit, path } = openTrail();
    audit.record(done());
    const database = openDatabase(path);
    for (const statement of [
      'delete from audit_entry',
      'delete from audit_content',
      'update audit_entry set at = 0',
      "update audit_content set content = '{}'",
    ]) {
      expect(() => database.exec(statement)).toThrow('audit entries are');
    }
    database.exec('update audit_content set content = null, salt = null');
    expect(registry.audit.find(['a'], LIMIT)).toMatchObject([{ content: null, salt: null, number: 0 }]);
    database.close();
  });

  test('keeps the first refusals of a kind one by one, and counts the rest', () => {
    const { registry, audit, clock } = openTrail();
    const refused = (from: string) =>
      audit.record(done({ outcome: 'refused', reason: 'role-lacks-it', from }));
    for (let index = 0; index < 1000; index += 1) refused('192.0.2.1');
    refused('192.0.2.2');
    const counts = () =>
      registry.audit
        .find(['a'], LIMIT)
        .map(({ content }) => (JSON.parse(content ?? '') as { count: number }).count);
    expect(counts()).toEqual(Array.from({ length: SINGLE + 1 }, () => 1));
    clock.now += WINDOW_MS;
    refused('192.0.2.2');
    expect(
      counts()
        .slice(0, 2)
        .toSorted((a, b) => a - b),
    ).toEqual([1, 1000 - SINGLE]);
    for (let index = 0; index < SINGLE + 4; index += 1) refused('192.0.2.2');
    audit.flush();
    expect(counts()[0]).toBe(5);
  });
});
