import type { FastifyRequest } from 'fastify';
import { expect, test } from 'vitest';
import { createOpenStreams } from '../../../fleet/http/feed-stream.js';
import { GATEWAY_A } from '../http/http-under-test.js';
import { DIRECTORY_A, openTerritory } from '../http/territory.js';
import { reading } from '../projections/fleet-of-views.js';
import { act, agree, clauseOf, makeDataset, ownerOf, termsOf } from '../sharing/agreement-under-test.js';

test('somebody has eight streams at most, and another one when one is closed', () => {
  const streams = createOpenStreams();
  const request = { subject: { type: 'key', id: 'k' } } as FastifyRequest;
  const [first] = Array.from({ length: 8 }, () => streams.open(request));
  expect(() => streams.open(request)).toThrow('At most 8');
  streams.open({ subject: { type: 'key', id: 'other' } } as FastifyRequest);
  first?.();
  streams.open(request);
  expect(() => streams.open(request)).toThrow('At most 8');
});

test('a stream tells what comes, goes on from its last event, stops what is withdrawn, and ends with its session', async () => {
  const http = await openTerritory();
  const address = await http.server.listen({ host: '127.0.0.1', port: 0 });
  const dataset = await makeDataset(http, 'a', { selection: { properties: ['active_power'] } });
  const id = await agree(http, termsOf(['a', 'b'], [clauseOf('a', dataset)]));
  http.clock.now += 60_000;
  let sent = 0;
  const send = async (): Promise<number> => {
    sent += 1;
    const readings = [reading(sent, http.clock.now, sent)];
    const columns = [{ point: 1, readings }];
    const batch = { source: GATEWAY_A, epoch: 'feedfeedfeedfeed', seq: sent, receivedAt: http.clock.now };
    await http.fleet.send(DIRECTORY_A, { content: 'readings', columns }, batch);
    await http.fleet.project();
    return sent;
  };
  const open = async (token: string, lastEvent?: string) => {
    const { body, status } = await fetch(`${address}/api/v1/feed/stream?purpose=operations`, {
      headers: {
        accept: 'text/event-stream',
        authorization: `Bearer ${token}`,
        ...(lastEvent === undefined ? {} : { 'last-event-id': lastEvent }),
      },
    });
    expect(status).toBe(200);
    const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
    /** Id and ordinals of the next event; `undefined` once the stream has ended. */
    const next = async () => {
      const { value, done } = (await reader?.read().catch(() => undefined)) ?? {
        done: true,
        value: undefined,
      };
      if (done || value === undefined) return undefined;
      const { items } = JSON.parse(/^data: (.*)$/m.exec(value)?.[1] ?? '') as {
        items: { ordinal: number }[];
      };
      return { id: /^id: (.*)$/m.exec(value)?.[1] ?? '', ordinals: items.map(({ ordinal }) => ordinal) };
    };
    return { next, close: async () => reader?.cancel() };
  };
  const token = await ownerOf(http, 'b');
  const first = await open(token);
  const begun = await first.next();
  expect(begun?.ordinals).toEqual([]);
  await send();
  expect((await first.next())?.ordinals).toEqual([1]);
  await first.close();
  const second = await open(token, begun?.id);
  expect((await second.next())?.ordinals).toEqual([1]);
  await act(http, 'a', id, 'withdraw');
  await send();
  const waiting = second.next();
  await http.post('/api/v1/logout', {}, token);
  const asked = performance.now();
  // no event with what came after the withdrawal
  expect(await waiting).toBeUndefined();
  expect(performance.now() - asked).toBeLessThan(5000);
  expect((await fetch(`${address}/api/v1/feed/stream`)).status).toBe(406);
});
