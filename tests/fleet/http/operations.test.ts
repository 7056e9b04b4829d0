import { describe, expect, test } from 'vitest';
import { GATEWAY_A, itemsOf } from './http-under-test.js';
import { openTerritory } from './territory.js';
import { GATEWAY_B } from './http-under-test.js';

const PERIOD = { from: '2026-03-10T00:00:00Z', to: '2026-03-11T00:00:00Z' };
const path = (gateway: string, what: string): string => `/api/v1/gateways/${gateway}/${what}`;

describe('the ledger of a gateway', () => {
  test('names the batches that are missing, and has a row for each day', async () => {
    const http = await openTerritory();
    const answer = await http.get(path(GATEWAY_B, 'ledger'), await http.login('b-viewer'));
    expect(answer.json()).toMatchObject({
      gatewayId: GATEWAY_B,
      addsUp: false,
      epochs: [{ addsUp: false, stored: 1, missing: [{ first: 1, last: 1, after: null }] }],
      days: [{ day: '2026-03-10', received: 1, readings: 5, missing: 1, sealed: 2 }],
    });
  });

  test('does not exist for who may not see the gateway, nor do its events and commands', async () => {
    const http = await openTerritory();
    const token = await http.login('b-viewer');
    for (const what of ['ledger', 'events', 'commands']) {
      expect((await http.get(path(GATEWAY_A, what), token)).status).toBe(404);
      expect((await http.get(path(GATEWAY_A, what))).status).toBe(401);
      expect((await http.get(path(GATEWAY_B, what), token)).status).toBe(200);
    }
  });
});

describe('what happened to a gateway', () => {
  test('is told newest first, alarms marked, the same thing once with its count', async () => {
    const http = await openTerritory();
    const { registry } = http.fleet;
    registry.noteEvent({ gatewayId: GATEWAY_A, kind: 'new-epoch', detail: 'e', at: 1_000 });
    registry.noteEvent({ gatewayId: GATEWAY_A, kind: 'cloned', detail: 'c', at: 2_000 });
    registry.noteEvent({ gatewayId: GATEWAY_A, kind: 'cloned', detail: 'c', at: 3_000 });
    const answer = await http.get(path(GATEWAY_A, 'events'), await http.login('a-viewer'));
    expect(itemsOf(answer)).toMatchObject([
      {
        kind: 'cloned',
        alarm: true,
        count: 2,
        first: '1970-01-01T00:00:02.000Z',
        last: '1970-01-01T00:00:03.000Z',
      },
      { kind: 'new-epoch', alarm: false, count: 1 },
    ]);
  });

  test('is bounded: the oldest makes room', async () => {
    const http = await openTerritory();
    for (let at = 1; at <= 250; at += 1) {
      http.fleet.registry.noteEvent({ gatewayId: GATEWAY_A, kind: 'quarantined', detail: `batch ${at}`, at });
    }
    const items = itemsOf(await http.get(path(GATEWAY_A, 'events'), await http.login('a-viewer')));
    expect(items).toHaveLength(200);
    expect(items[0]).toMatchObject({ detail: 'batch 250' });
  });
});

describe('a recall', () => {
  test('waits for its gateway, and shows its result', async () => {
    const http = await openTerritory();
    const token = await http.login('a-owner');
    const asked = await http.post(path(GATEWAY_A, 'recall'), { ...PERIOD, points: ['meter/p1'] }, token);
    expect(asked.status).toBe(202);
    expect(asked.json()).toMatchObject({
      name: 'recall',
      arguments: { from: Date.parse(PERIOD.from), to: Date.parse(PERIOD.to), points: 'meter/p1' },
      result: null,
    });
    const [waiting] = http.fleet.registry.pendingCommands(GATEWAY_A, http.clock.now);
    expect(waiting?.id).toBe(asked.json()['id']);
    http.fleet.registry.answerCommand(GATEWAY_A, waiting?.id ?? '', { outcome: 'done', detail: 'ok', at: 5 });
    expect(itemsOf(await http.get(path(GATEWAY_A, 'commands'), token))).toMatchObject([
      { id: waiting?.id, result: { outcome: 'done', detail: 'ok' } },
    ]);
    expect(http.fleet.registry.pendingCommands(GATEWAY_A, http.clock.now)).toEqual([]);
  });

  test('is refused to who may only look, to neighbours, and for a period that ends before it begins', async () => {
    const http = await openTerritory();
    const ask = async (login: string, body: object = PERIOD) =>
      (await http.post(path(GATEWAY_A, 'recall'), body, await http.login(login))).status;
    expect(await ask('a-viewer')).toBe(403);
    expect(await ask('a-technician')).toBe(403);
    expect(await ask('b-viewer')).toBe(403);
    expect(await ask('b-operator')).toBe(404);
    expect(await ask('org-operator', { from: PERIOD.to, to: PERIOD.from })).toBe(400);
    expect(await ask('org-operator')).toBe(202);
  });

  test('is refused once too many commands wait', async () => {
    const http = await openTerritory();
    const token = await http.login('org-operator');
    for (let sent = 0; sent < 100; sent += 1) await http.post(path(GATEWAY_A, 'recall'), PERIOD, token);
    expect((await http.post(path(GATEWAY_A, 'recall'), PERIOD, token)).status).toBe(409);
  });
});
