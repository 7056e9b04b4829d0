import { expect } from 'vitest';
import type { Reading } from '../../../agent/wire/readings.js';
import { GATEWAY_A, itemsOf, type HttpUnderTest } from '../http/http-under-test.js';
import { DIRECTORY_A } from '../http/territory.js';
import { reading } from '../projections/fleet-of-views.js';

const FEED_EPOCH = 'feedfeedfeedfeed';

/** Has the gateway of `a` send readings, by their age, that reach the fleet now; gives their ordinals. */
export const sender = ({ fleet, clock }: HttpUnderTest) => {
  let seq = 0;
  let ordinal = 0;
  return async (ages: readonly number[], number = 1, directory = DIRECTORY_A): Promise<number[]> => {
    const readings: Reading[] = ages.map((age) => {
      ordinal += 1;
      return reading(ordinal, clock.now - age, number === 2 ? `${ordinal}` : ordinal);
    });
    seq += 1;
    const sent = { source: GATEWAY_A, epoch: FEED_EPOCH, seq, receivedAt: clock.now };
    await fleet.send(directory, { content: 'readings', columns: [{ point: number, readings }] }, sent);
    await fleet.project();
    return readings.map((each) => each.ordinal);
  };
};

/** Follows a feed; gives what each call brings. */
export const follower = async (http: HttpUnderTest, token: string | undefined, query = '') => {
  let cursor = '';
  const ask = async (limit = 1000) => {
    const place = cursor === '' ? '' : `&cursor=${cursor}`;
    const path = `/api/v1/feed?limit=${limit}${query}${place}`;
    const answer =
      token === undefined
        ? await http.ask('GET', path, { host: 'terroir.example' })
        : await http.get(path, token);
    expect([answer.text, answer.status]).toEqual([answer.text, 200]);
    return answer;
  };
  const next = async (limit?: number): Promise<Record<string, unknown>[]> => {
    const answer = await ask(limit);
    cursor = String(answer.json()['next']);
    return itemsOf(answer);
  };
  /** All that there is, answer by answer. */
  const rest = async (limit?: number): Promise<Record<string, unknown>[]> => {
    const all: Record<string, unknown>[] = [];
    for (;;) {
      const answer = await ask(limit);
      cursor = String(answer.json()['next']);
      all.push(...itemsOf(answer));
      if (answer.json()['more'] !== true) return all;
    }
  };
  expect(await next()).toEqual([]);
  return { next, rest, again: ask, cursor: () => cursor };
};

export const ordinals = (items: readonly Record<string, unknown>[]) => items.map(({ ordinal }) => ordinal);
