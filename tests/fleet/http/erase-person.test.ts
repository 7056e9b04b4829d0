import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { entriesOf } from '../../../fleet/access/audit/read-entries.js';
import { verifyTrail } from '../../../fleet/access/audit/verify-trail.js';
import { verifyErasure } from '../../../fleet/erasure/receipt.js';
import { itemsOf, openHttp, type HttpUnderTest } from './http-under-test.js';

const erase = async ({ server }: HttpUnderTest, id: string, token: string) =>
  server.inject({
    method: 'DELETE',
    url: `/api/v1/people/${id}?reason=asked`,
    headers: { authorization: `Bearer ${token}` },
  });

test('a person is erased by who answers for the whole fleet, with a receipt that verifies', async () => {
  const http = await openHttp();
  const { registry, folder } = http.fleet;
  const owner = await http.login('org-owner');
  const viewer = await http.login('a-viewer');
  expect(registry.audit.naming('person-a-viewer')).not.toEqual([]);
  const erased = await erase(http, 'person-a-viewer', owner);
  expect(erased.statusCode).toBe(200);
  const root = new X509Certificate(readFileSync(join(folder, 'authority', 'root.pem')));
  const receipt = verifyErasure(new Uint8Array(erased.rawPayload), root);
  expect(receipt).toMatchObject({
    personId: 'person-a-viewer',
    by: 'person-org-owner',
    reason: 'asked',
    people: [{ personId: 'person-a-viewer', trails: [{ organisationId: 'a' }] }],
  });
  expect(registry.person('person-a-viewer')).toBeUndefined();
  expect(registry.audit.naming('person-a-viewer')).toEqual([]);
  expect((await http.get('/api/v1/points', viewer)).status).toBe(401);
  expect(JSON.stringify(itemsOf(await http.get('/api/v1/people', owner)))).not.toContain('a-viewer');
  expect(verifyTrail('a', entriesOf(registry.audit, 'a'), [])).toMatchObject({ erased: 1, findings: [] });
});

test('nobody erases themselves, the last owner, or people of a fleet that they do not answer for', async () => {
  const http = await openHttp();
  const owner = await http.login('org-owner');
  const ofA = await http.login('a-owner');
  const statuses = await Promise.all(
    [
      ['person-org-owner', owner],
      ['nobody', owner],
      ['person-a-viewer', ofA],
      ['nobody', ofA],
    ].map(async ([id = '', token = '']) => (await erase(http, id, token)).statusCode),
  );
  expect(statuses).toEqual([409, 404, 403, 403]);
  expect(http.fleet.registry.person('person-a-viewer')).toBeDefined();
});
