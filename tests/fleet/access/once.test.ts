import { describe, expect, test } from 'vitest';
import { codeOf, stepAt, STEP_MS } from '../../../fleet/access/second-factor/totp.js';
import { hashPassword } from '../../../fleet/access/passwords.js';
import { HERE, openPeople, PASSWORD, type PeopleUnderTest } from './people-under-test.js';

/** Enrols; gives the recovery codes and what makes codes of the app. */
const enrol = ({ registry, people, sealing, clock }: PeopleUnderTest, id: string) => {
  people.secondFactors.begin(people.accounts.person(id));
  const sealed = registry.secondFactor(id)?.sealedPending ?? new Uint8Array();
  const secret = sealing.open(sealed, `second factor of ${id}`);
  const code = (): string => codeOf(secret, stepAt(clock.now));
  const recovery = people.secondFactors.confirm(id, code());
  clock.now += STEP_MS;
  return { code, recovery };
};

const open = async () => {
  const opened = openPeople();
  const id = await opened.add('zoe', 'operator');
  return { ...opened, id, ...enrol(opened, id) };
};

/** So many at the same time. */
const inParallel = async <Result>(count: number, work: () => Promise<Result>): Promise<Result[]> => {
  const settled = await Promise.allSettled(Array.from({ length: count }, work));
  return settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
};

describe('what works once', () => {
  test('is a code of the app, however many use it at the same time', async () => {
    const { people, code } = await open();
    const credentials = { login: 'zoe', password: PASSWORD, code: code(), ...HERE };
    const addresses = Array.from({ length: 20 }, (_, index) => `10.0.1.${index}`);
    const logins = await inParallel(20, () =>
      people.logins.login({ ...credentials, address: addresses.pop() ?? '' }),
    );
    expect(logins).toHaveLength(1);
    expect(logins[0]?.needs).toBeNull();
  });

  test('is a recovery code, and the others stay', async () => {
    const { people, id, recovery } = await open();
    const [first = '', second = ''] = recovery;
    const used = await inParallel(20, async () => {
      await Promise.resolve();
      if (!people.secondFactors.use(id, first)) throw new Error('used');
    });
    expect(used).toHaveLength(1);
    expect(people.secondFactors.recoveryCodesLeft(id)).toBe(9);
    expect(people.secondFactors.use(id, second.toUpperCase())).toBe(true);
    const renewed = people.secondFactors.renewRecoveryCodes(id);
    expect(people.secondFactors.use(id, recovery[2] ?? '')).toBe(false);
    expect(people.secondFactors.use(id, renewed[2] ?? '')).toBe(true);
  });

  test('is an invitation, whoever accepts it meanwhile', async () => {
    const { people, registry } = openPeople();
    const order = { organisationId: 'a', role: 'viewer', createdBy: 'p' } as const;
    const { token } = people.invitations.invite(order);
    const passwordHash = await hashPassword(PASSWORD);
    let count = 0;
    const accepted = await inParallel(20, async () => {
      count += 1;
      const login = `guest${count}`;
      await Promise.resolve();
      return people.invitations.accept(token, { login, name: login, passwordHash });
    });
    expect(accepted).toHaveLength(1);
    expect(registry.people()).toMatchObject([{ organisationId: 'a', role: 'viewer' }]);
  });

  test('is not used up by what fails', async () => {
    const { people } = openPeople();
    const { token } = people.invitations.invite({ organisationId: 'a', role: 'viewer', createdBy: 'p' });
    const person = { name: 'Z', passwordHash: null };
    expect(() => people.invitations.accept(token, { ...person, login: 'two words' })).toThrow(/A login is/);
    expect(people.invitations.accept(token, { ...person, login: 'other' })).toMatch(/./);
    expect(() => people.invitations.look(token)).toThrow(/was used or revoked/);
  });

  test('is a link for a new password, which ends sessions and other doubts', async () => {
    const { people, add } = openPeople();
    const id = await add('zoe', 'viewer');
    const { token: session } = await people.logins.login({ login: 'zoe', password: PASSWORD, ...HERE });
    const link = people.invitations.inviteToReset(people.accounts.person(id), { createdBy: 'p' });
    expect(people.sessions.find(session)).toBeDefined();
    people.invitations.reset(link.token, await hashPassword('une tout autre phrase'));
    expect(people.sessions.find(session)).toBeUndefined();
    expect(() => people.invitations.reset(link.token, 'hash')).toThrow(/was used/);
    await expect(people.logins.login({ login: 'zoe', password: PASSWORD, ...HERE })).rejects.toThrow();
  });

  test('ends by itself, when it is revoked, and when its maker is disabled', async () => {
    const { people, clock, add } = openPeople();
    const maker = await add('zoe', 'viewer');
    const invite = () =>
      people.invitations.invite({ organisationId: 'a', role: 'viewer', createdBy: maker, hours: 2 });
    const [late, revoked, orphan] = [invite(), invite(), invite()];
    expect(people.invitations.revoke(revoked.id)).toBe(true);
    expect(people.invitations.revoke(revoked.id)).toBe(false);
    expect(() => people.invitations.look(revoked.token)).toThrow(/revoked/);
    expect(people.invitations.look(orphan.token)).toMatchObject({ role: 'viewer', reset: false });
    people.accounts.disable(maker);
    expect(() => people.invitations.look(orphan.token)).toThrow(/revoked/);
    clock.now += 2 * 3_600_000;
    expect(() => people.invitations.look(late.token)).toThrow(/has ended/);
  });
});

describe('a login with a second factor', () => {
  test('first opens a session that is good for the code alone, and another token after it', async () => {
    const { people, code } = await open();
    const { token, needs } = await people.logins.login({ login: 'zoe', password: PASSWORD, ...HERE });
    expect(needs).toBe('second-factor');
    expect(() => people.logins.giveCode(token, '000000', HERE)).toThrow(/This code is wrong/);
    const full = people.logins.giveCode(token, code(), HERE);
    expect([full.needs, full.token === token]).toEqual([null, false]);
    expect(people.sessions.find(token)).toBeUndefined();
    expect(people.sessions.find(full.token)?.session).toMatchObject({ secondFactor: true, needs: null });
  });

  test('says the same of a wrong code as of a wrong password', async () => {
    const { people, code } = await open();
    const refused = async (change: object) =>
      people.logins.login({ login: 'zoe', password: PASSWORD, code: code(), ...HERE, ...change }).then(
        () => undefined,
        (error: unknown) => String(error),
      );
    const wrongCode = await refused({ code: '000000' });
    expect(wrongCode).toBe(await refused({ password: 'wrong' }));
    expect(wrongCode).toBe(await refused({ login: 'nobody' }));
    expect(await refused({})).toBeUndefined();
  });

  test('under attack from many addresses lets in who gives both at once, and known devices as ever', async () => {
    const { people, code, clock } = await open();
    const { device } = await people.logins.login({ login: 'zoe', password: PASSWORD, code: code(), ...HERE });
    clock.now += STEP_MS;
    const attack = Array.from({ length: 120 }, (_, index) => ({
      login: 'zoe',
      password: 'guess',
      address: `10.1.${index}.1`,
      client: '',
    }));
    for (const guesses of [attack.slice(0, 60), attack.slice(60)]) {
      await Promise.allSettled(guesses.map((guess) => people.logins.login(guess)));
    }
    const credentials = { login: 'zoe', password: PASSWORD, address: '192.0.2.1', client: '' };
    await expect(people.logins.login(credentials)).rejects.toThrow(/together with the password/);
    const phone = await people.logins.login({ ...credentials, device });
    expect(phone.needs).toBe('second-factor');
    expect((await people.logins.login({ ...credentials, code: code() })).needs).toBeNull();
  });
});
