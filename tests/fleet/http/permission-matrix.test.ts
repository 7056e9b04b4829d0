import { describe, expect, test } from 'vitest';
import { ask, closedRoutes, faultsOf, HOMES, HOST, openSessions, PUBLIC } from './route-matrix.js';
import { openTerritory, pointId } from './territory.js';

describe('each route and verb', () => {
  test('gives strangers nothing', async () => {
    const http = await openTerritory();
    const wrong: string[] = [];
    for (const { method, url, action } of closedRoutes(http)) {
      const { status, text } = await ask(http, method, url);
      const empty =
        status === 200 && (text === '' || /"(items|features)":\[\]|"hydra:totalItems":0/.test(text));
      const nothing = PUBLIC.has(action) ? empty || [400, 404, 406].includes(status) : status === 401;
      if (!nothing) wrong.push(`${method} ${url}: ${status}`);
      const { status: pretended } = await ask(http, method, url, 'no-such-token');
      if (pretended !== 401) wrong.push(`${method} ${url} with a token that is none: ${pretended}`);
    }
    expect(wrong).toEqual([]);
    const asked = `/api/v1/readings?point=${await pointId(http, 'p1')}`;
    expect((await http.ask('GET', asked, { host: HOST })).status).toBe(404);
  });

  test.each(HOMES)('gives each role of %s what the table says', async (home) => {
    const http = await openTerritory();
    const tokens = openSessions(http, home);
    const wrong: string[] = [];
    for (const route of closedRoutes(http)) {
      for (const [who, token] of tokens) {
        const { status } = await ask(http, route.method, route.url, token);
        wrong.push(...faultsOf(route, home, who, status));
      }
    }
    expect(wrong).toEqual([]);
    expect((await ask(http, 'GET', '/api/v1/latest', `matrix-${home}-viewer`)).status).toBe(200);
  });
});
