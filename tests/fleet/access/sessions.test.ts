import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeFirstAdministrator } from '../../../fleet/access/first-administrator.js';
import { hashPassword, verifyPassword } from '../../../fleet/access/passwords.js';
import { PENDING_MS, SESSION_MS } from '../../../fleet/access/sessions.js';
import { newId } from '../../../fleet/registry/new-id.js';
import { openRegistryStore } from '../../../fleet/store/sqlite/registry-store.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { HERE, openPeople, PASSWORD } from './people-under-test.js';

const openRegistry = () => {
  const registry = openRegistryStore(join(temporaryFolder(), 'registry.db'), { newId });
  onTestFinished(() => registry.close());
  return registry;
};

const makeFirst = (registry: ReturnType<typeof openRegistry>) =>
  makeFirstAdministrator({ registry, organisationName: 'Val de Brenne', newId, random: randomBytes });

describe('the first administrator', () => {
  test('is made once, owns the top organisation, and has a password of their own, which is stored nowhere', async () => {
    const registry = openRegistry();
    const first = await makeFirst(registry);
    expect(first?.password).toMatch(/^[\w-]{20}$/);
    expect(await makeFirst(registry)).toBeUndefined();
    const [top] = registry.organisations();
    expect(registry.organisations()).toMatchObject([{ name: 'Val de Brenne', parentId: null }]);
    expect(registry.people()).toMatchObject([{ login: 'admin', role: 'owner', organisationId: top?.id }]);
    const hash = registry.passwordHash(registry.people()[0]?.id ?? '') ?? '';
    expect(await verifyPassword(hash, first?.password ?? '')).toBe(true);
    expect(hash).not.toContain(first?.password);
    expect((await makeFirst(openRegistry()))?.password).not.toBe(first?.password);
  });
});

describe('passwords', () => {
  test('are kept as argon2id with a salt of their own', async () => {
    const [one, other] = [await hashPassword('le même'), await hashPassword('le même')];
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(one).not.toBe(other);
    expect(await verifyPassword(one, 'le même')).toBe(true);
    expect(await verifyPassword(one, 'le me\u0302me'), 'typed on another keyboard').toBe(true);
    expect(await verifyPassword(one, 'le meme')).toBe(false);
  });
});

const open = async () => {
  const opened = openPeople();
  const id = await opened.add('zoe', 'owner');
  await opened.add('noe', 'owner');
  const login = () => opened.people.logins.login({ login: 'zoe', password: PASSWORD, ...HERE });
  return { ...opened, id, login };
};

describe('sessions', () => {
  test('are found by their token alone, of which only a hash is stored', async () => {
    const { registry, people, clock, login } = await open();
    const { token, expires } = await login();
    expect(expires).toBe(clock.now + SESSION_MS);
    expect(people.sessions.find(token)?.person.login).toBe('zoe');
    expect(registry.openSession(token, clock.now)).toBeUndefined();
    expect(people.sessions.find(`${token}x`)).toBeUndefined();
    expect(people.sessions.find('')).toBeUndefined();
  });

  test('are gone after their end, after their time, and from the disk after that', async () => {
    const { registry, people, clock, login } = await open();
    const [one, other] = [await login(), await login()];
    people.sessions.end(one.token);
    expect(people.sessions.find(one.token)).toBeUndefined();
    expect(people.sessions.find(other.token)).toBeDefined();
    clock.now += SESSION_MS;
    expect(people.sessions.find(other.token)).toBeUndefined();
    expect(registry.purge(clock.now + 1)).toBe(1);
  });

  test('are not opened by a wrong password, an unknown login or a disabled person, all told the same', async () => {
    const { people, id, login } = await open();
    const credentials = { login: 'zoe', password: PASSWORD, ...HERE };
    const refusal = {
      code: 'bad-credentials',
      message: 'This login and password do not go together.',
    };
    for (const wrong of [{ password: 'wrong' }, { password: '' }, { login: 'nobody' }, { login: '' }]) {
      await expect(people.logins.login({ ...credentials, ...wrong })).rejects.toMatchObject(refusal);
    }
    expect((await people.logins.login({ ...credentials, login: ' ZOE ' })).person.login).toBe('zoe');
    people.accounts.disable(id);
    await expect(login()).rejects.toMatchObject(refusal);
  });

  test('end at once where their person is disabled, gets another role, or chooses another password', async () => {
    const { people, id, login } = await open();
    const changes: [what: string, change: () => void][] = [
      ['role', () => people.accounts.place(id, { role: 'viewer', organisationId: 'a' })],
      ['password', () => people.accounts.setPassword(id, 'hash')],
      ['disabled', () => people.accounts.disable(id)],
    ];
    const hash = await hashPassword(PASSWORD);
    for (const [what, change] of changes) {
      people.accounts.setPassword(id, hash);
      const { token } = await login();
      expect([what, people.sessions.find(token) !== undefined]).toEqual([what, true]);
      change();
      expect([what, people.sessions.find(token)]).toEqual([what, undefined]);
    }
  });

  test('of one who may not yet do anything end soon', async () => {
    const { people, clock, login } = await open();
    people.needs.require('top', ['owner']);
    const { token, needs } = await login();
    expect(needs).toBe('second-factor-enrolment');
    clock.now += PENDING_MS;
    expect(people.sessions.find(token)).toBeUndefined();
  });
});

describe('the last owner of the organisation on top', () => {
  test('cannot be disabled or moved, so that somebody is left who may do everything', async () => {
    const { people, registry, id } = await open();
    const other = registry.personByLogin('noe')?.id ?? '';
    people.accounts.disable(other);
    expect(() => people.accounts.disable(id)).toThrow(/last owner/);
    expect(() => people.accounts.place(id, { role: 'viewer', organisationId: 'top' })).toThrow(/last owner/);
    expect(() => people.accounts.place(id, { role: 'owner', organisationId: 'a' })).toThrow(/last owner/);
    people.accounts.enable(other);
    people.accounts.disable(id);
  });
});
