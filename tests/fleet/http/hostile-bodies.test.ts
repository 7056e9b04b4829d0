import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { itemsOf, openHttp, type HttpUnderTest } from './http-under-test.js';

const JSON_TYPE = { 'content-type': 'application/json' };

const openAsOwner = async (): Promise<HttpUnderTest & { owner: string }> => {
  const http = await openHttp();
  return { ...http, owner: await http.login('a-owner') };
};

const added = (name: string): string => `{"parentId":"a","type":"service","name":${name}}`;

describe('a hostile body', () => {
  const faults: readonly [what: string, body: string, status: number][] = [
    ['nested 100,000 deep', `${'['.repeat(30_000)}${']'.repeat(30_000)}`, 400],
    ['of objects without end', '{"a":'.repeat(13_000), 400],
    ['with a number beyond every double', '{"organisationId":"a","hours":1e400}', 400],
    ['with a prototype', '{"__proto__":{"role":"owner"},"organisationId":"a"}', 400],
    ['with a constructor', '{"constructor":{"prototype":{"x":1}},"organisationId":"a"}', 400],
    ['of nothing but NUL', '\u0000\u0000', 400],
    ['of 100 kB', `{"organisationId":"${'a'.repeat(100_000)}"}`, 413],
  ];

  test.each(faults)('%s is refused', async (_what, body, status) => {
    const http = await openAsOwner();
    const headers = { ...JSON_TYPE, authorization: `Bearer ${http.owner}` };
    const answer = await http.ask('POST', '/api/v1/enrolment-tokens', headers, body);
    expect([answer.status, answer.headers['content-type']]).toEqual([status, 'application/problem+json']);
    expect((await http.get('/api/v1/session', http.owner)).status).toBe(200);
  });

  test('that says a thing twice is taken as JSON says, by its last word, and checked by it', async () => {
    const http = await openAsOwner();
    const headers = { ...JSON_TYPE, authorization: `Bearer ${http.owner}` };
    const twice = '{"organisationId":"a","organisationId":"b"}';
    expect((await http.ask('POST', '/api/v1/enrolment-tokens', headers, twice)).status).toBe(403);
  });

  test('with half a character is stored, shown, audited and exported whole', async () => {
    const http = await openAsOwner();
    const headers = { ...JSON_TYPE, authorization: `Bearer ${http.owner}` };
    const answer = await http.ask('POST', '/api/v1/organisations', headers, added('"x\\ud800y"'));
    expect([201, 400]).toContain(answer.status);
    expect((await http.get('/api/v1/organisations', http.owner)).status).toBe(200);
    expect(itemsOf(await http.get('/api/v1/audit', http.owner)).length).toBeGreaterThan(0);
    expect((await http.get('/api/v1/audit?format=csv', http.owner)).status).toBe(200);
  });

  test('of 100 MB is cut off long before it has come', async () => {
    const http = await openHttp();
    await http.server.listen({ host: '127.0.0.1', port: 0 });
    const address = http.server.server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const head = 'POST /api/v1/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.write(`${head}Content-Length: 100000000\r\n\r\n${'a'.repeat(65_536)}`);
      });
      socket.once('data', (data) => {
        resolve(data.toString());
        socket.destroy();
      });
      socket.once('error', reject);
    });
    expect(answer).toMatch(/^HTTP\/1\.1 413/);
    expect((await http.get('/api/v1/health')).status).toBe(200);
  });
});

describe('a right that ends', () => {
  test('ends cursors, sessions and exports with it', async () => {
    const http = await openAsOwner();
    for (const name of ['"un"', '"deux"']) {
      const headers = { ...JSON_TYPE, authorization: `Bearer ${http.owner}` };
      await http.ask('POST', '/api/v1/organisations', headers, added(name));
    }
    const cursor = String((await http.get('/api/v1/audit?limit=1', http.owner)).json()['next']);
    http.fleet.registry.setRole('person-a-owner', { organisationId: 'a', role: 'viewer' }, http.clock.now);
    for (const path of [`audit?limit=1&cursor=${cursor}`, 'audit?format=csv', 'points']) {
      expect((await http.get(`/api/v1/${path}`, http.owner)).status).toBe(401);
    }
    const again = await http.login('a-owner');
    expect((await http.get(`/api/v1/audit?limit=1&cursor=${cursor}`, again)).status).toBe(403);
  });
});
