import { describe, expect, test } from 'vitest';
import { openHttp } from './http-under-test.js';

describe('health', () => {
  test('says how the service does, to anybody', async () => {
    const http = await openHttp();
    const { current } = http.health;
    expect((await http.get('/api/v1/health')).json()).toEqual(current);
    http.health.current = { ...current, status: 'degraded', log: { head: 7, lag: 3 } };
    expect((await http.get('/api/v1/health')).json()).toEqual(http.health.current);
  });

  test('tells strangers nothing of how much there is', async () => {
    const http = await openHttp();
    http.health.current = { ...http.health.current, log: { head: 7, lag: 3 } };
    const log = async (login?: string) => {
      const token = login === undefined ? undefined : await http.login(login);
      return (await http.get('/api/v1/health', token, { host: 'terroir.example' })).json()['log'];
    };
    expect(await log()).toBeNull();
    expect(await log('a-owner')).toBeNull();
    expect(await log('org-owner')).toEqual({ head: 7, lag: 3 });
  });
});

const metricsFor = async (login: string | undefined, headers: Record<string, string>) => {
  const http = await openHttp();
  const token = login === undefined ? undefined : await http.login(login);
  return http.get('/metrics', token, headers);
};

describe('metrics', () => {
  test('are for callers on this machine', async () => {
    const answer = await metricsFor(undefined, { host: '127.0.0.1:8080' });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toMatch(/^text\/plain; .*version=0\.0\.4/);
    expect(answer.text).toContain('# TYPE terroir_test gauge\nterroir_test 1\n');
  });

  test.each<Record<string, string>>([
    { 'x-forwarded-for': '10.0.0.1' },
    { 'x-forwarded-for': '127.0.0.1' },
    { 'x-forwarded-proto': 'http' },
    { forwarded: 'for=10.0.0.1' },
    { 'x-real-ip': '10.0.0.1' },
    { via: '1.1 proxy' },
    { host: 'terroir.example' },
  ])('are not for strangers whom a proxy on this machine passes on: %o', async (headers) => {
    expect((await metricsFor(undefined, headers)).status).toBe(401);
    expect((await metricsFor('org-operator', headers)).status).toBe(403);
    expect((await metricsFor('a-owner', headers)).status).toBe(403);
    expect((await metricsFor('org-owner', headers)).status).toBe(200);
  });
});

describe('every answer', () => {
  test('forbids what browsers need not do with it', async () => {
    const http = await openHttp();
    for (const path of ['/', '/api/v1/health', '/api/v1/points', '/nowhere', '/docs']) {
      const { headers } = await http.get(path);
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
      });
      const policy = String(headers['content-security-policy']);
      expect(policy).toContain("default-src 'self'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/script-src|unsafe-eval|https:|\*/);
      expect(headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  test('of the API is kept by no cache', async () => {
    const http = await openHttp();
    const token = await http.login('a-viewer');
    for (const path of ['/api/v1/points', '/api/v1/openapi.json', '/api/v1/session']) {
      expect((await http.get(path, token)).headers['cache-control']).toBe('no-store');
    }
  });
});

describe('stopping', () => {
  test('ends open connections', async () => {
    const http = await openHttp();
    await http.server.listen({ host: '127.0.0.1', port: 0 });
    const address = http.server.server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const url = `http://127.0.0.1:${port}/api/v1/health`;
    expect((await fetch(url, { headers: { connection: 'keep-alive' } })).status).toBe(200);
    await http.server.close();
    await expect(fetch(url)).rejects.toThrow();
  });
});
