import fastify from 'fastify';
import { describe, expect, test } from 'vitest';
import { ACTIONS, isAction } from '../../../fleet/access/actions.js';
import { requireActions } from '../../../fleet/http/route-actions.js';
import { openHttp } from './http-under-test.js';

const handler = async () => 'open';

describe('a route', () => {
  test('that names no action, or none that there is, is not registered', async () => {
    const server = fastify();
    const actions = requireActions(server.withTypeProvider());
    expect(() => server.get('/forgotten', handler)).toThrow('GET /forgotten names no action');
    expect(() => server.get('/odd', { config: { action: 'see-all' as never } }, handler)).toThrow('/odd');
    server.get('/known', { config: { action: 'read-health' } }, handler);
    await actions.under('read-console', async () => void server.get('/library', handler));
    expect(() => server.get('/after', handler)).toThrow('/after');
    await server.ready();
    expect(server.printRoutes()).not.toMatch(/forgotten|odd|after/);
  });

  test('of the service names its action, each and all', async () => {
    const http = await openHttp();
    const routes = http.server.routeActions;
    expect(routes.length).toBeGreaterThan(20);
    const without = routes.filter(({ action }) => !isAction(action));
    expect(without).toEqual([]);
    // a decision is asked for by POST, since what is asked does not belong into an address
    const asking = new Set(['learn-methods', 'explain-decision']);
    const silent = routes.filter(
      ({ method, action }) =>
        /POST|PUT|PATCH|DELETE/.test(method) && !asking.has(action) && !ACTIONS[action].changes,
    );
    expect(silent).toEqual([]);
    expect(http.server.hasRoute({ method: 'GET', url: '/api/v1/latest' })).toBe(true);
  });
});
