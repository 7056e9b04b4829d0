import { describe, expect, test } from 'vitest';
import { KEY_DAYS, MAX_KEY_DAYS } from '../../../../fleet/access/keys/api-keys.js';
import { openPeople } from '../people-under-test.js';

const DAY_MS = 86_400_000;
const order = {
  name: 'platform',
  organisationId: 'a',
  role: 'viewer',
  purpose: 'open-data',
  createdBy: 'p',
} as const;

describe('an API key', () => {
  test('is known by its text, of which only a hash is stored, and says where it was last used', () => {
    const { people, registry, clock } = openPeople();
    const { text, key } = people.keys.create(order);
    expect(key.expires).toBe(clock.now + KEY_DAYS * DAY_MS);
    expect(JSON.stringify(registry.keys())).not.toContain(text.split('_')[2]);
    expect(people.keys.identify(text, '10.0.0.1')).toMatchObject({ organisationId: 'a', role: 'viewer' });
    expect(registry.key(key.id)).toMatchObject({ lastUsedAt: clock.now, lastUsedFrom: '10.0.0.1' });
    const other = people.keys.create(order).text;
    const mixed = `${text.slice(0, 18)}${other.slice(18)}`;
    for (const wrong of ['', mixed, `${text}a`, text.slice(0, -1)]) {
      expect(people.keys.identify(wrong, '')).toBeUndefined();
    }
  });

  test('ends by itself, and at once when it is revoked', () => {
    const { people, clock } = openPeople();
    const [one, other] = [people.keys.create({ ...order, days: 1 }), people.keys.create(order)];
    clock.now += DAY_MS - 1;
    expect(people.keys.identify(one.text, '')).toBeDefined();
    clock.now += 1;
    expect(people.keys.identify(one.text, '')).toBeUndefined();
    expect(people.keys.revoke(other.key.id)).toBe(true);
    expect(people.keys.identify(other.text, '')).toBeUndefined();
    expect(people.keys.revoke(other.key.id)).toBe(false);
    for (const days of [0, -1, MAX_KEY_DAYS + 1, Number.NaN]) {
      expect(() => people.keys.create({ ...order, days })).toThrow(/at most 366 days/);
    }
  });

  test('is rotated once, with the same rights, while the old one goes on for the overlap alone', () => {
    const { people, clock } = openPeople();
    const old = people.keys.create({ ...order, actions: ['read-data'], days: 30 });
    clock.now += 10 * DAY_MS;
    const next = people.keys.rotate(old.key.id, { overlapHours: 2, createdBy: 'q' });
    expect(next.key).toMatchObject({ ...order, actions: ['read-data'], createdBy: 'q' });
    expect(next.key.expires).toBe(clock.now + 30 * DAY_MS);
    expect(() => people.keys.rotate(old.key.id, { createdBy: 'q' })).toThrow(/replaced/);
    clock.now += 2 * 3_600_000 - 1;
    expect([old, next].map(({ text }) => people.keys.identify(text, '') !== undefined)).toEqual([true, true]);
    clock.now += 1;
    expect([old, next].map(({ text }) => people.keys.identify(text, '') !== undefined)).toEqual([
      false,
      true,
    ]);
    expect(() => people.keys.rotate(old.key.id, { createdBy: 'q' })).toThrow(/has ended/);
  });

  test('of a person’s own ends with the person’s rights', async () => {
    const { people, add } = openPeople();
    const [zoe, noe] = [await add('zoe', 'viewer'), await add('noe', 'viewer')];
    const own = (personId: string) => people.keys.create({ ...order, personId });
    const [ofZoe, ofNoe, shared] = [own(zoe), own(noe), people.keys.create({ ...order, createdBy: zoe })];
    people.accounts.disable(zoe);
    people.accounts.place(noe, { role: 'analyst', organisationId: 'b' });
    const known = [ofZoe, ofNoe, shared].map(({ text }) => people.keys.identify(text, '') !== undefined);
    expect(known).toEqual([false, false, true]);
    people.accounts.enable(zoe);
    expect(people.keys.identify(ofZoe.text, '')).toBeUndefined();
  });
});
