import { EventEmitter, once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { appendedAfter } from '../../fleet/access/audit/chain.js';
import type { AsynchronousRegistry as RegistryStore } from '../../fleet/store/asynchronous.js';
import { verifyTrail } from '../../fleet/access/audit/verify-trail.js';
import {
  addGateway,
  certificateOf,
  countOf,
  gatewayOf,
  invitationOf,
  openTree,
  personOf,
  sessionOf,
  tokenOf,
  type OpenRegistry,
} from './registry-fixtures.js';

const MANY = 20;

const append = (store: RegistryStore, trail: string, action: string): Promise<void> =>
  store.audit.append(trail, (newest) =>
    appendedAfter(newest, {
      trail,
      at: 1,
      salt: new Uint8Array(16),
      content: JSON.stringify({
        subject: { id: 'p' },
        action,
        resource: { id: 'r' },
        outcome: 'done',
        after: null,
      }),
    }),
  );

const idsOf = async (store: RegistryStore): Promise<string[]> => (await store.people()).map(({ id }) => id);

/** Transactions of a registry, and what only one of many at once gets. */
export const registryTransactionsSuite = (name: string, open: OpenRegistry): void => {
  describe(`${name}: a transaction`, () => {
    test('sees what it wrote, and is stored as a whole or not at all', async () => {
      const store = await openTree(open);
      const failing = store.audit.together(async () => {
        await store.addPerson(personOf('zoe'));
        expect(await idsOf(store)).toEqual(['zoe']);
        await setImmediate();
        await append(store, 'a', 'add');
        throw new Error('changed my mind');
      });
      await expect(failing).rejects.toThrow('changed my mind');
      expect(await idsOf(store)).toEqual([]);
      expect(await store.audit.trails()).toEqual([]);
    });

    test('is not seen before its end, and takes nothing in that comes from elsewhere meanwhile', async () => {
      const store = await openTree(open);
      const begins = new EventEmitter();
      const begun = once(begins, 'begun');
      const failing = store.audit.together(async () => {
        await store.addPerson(personOf('zoe'));
        begins.emit('begun');
        for (let turn = 0; turn < 5; turn += 1) await setImmediate();
        throw new Error('no');
      });
      await begun;
      const [, added, seen] = await Promise.all([
        expect(failing).rejects.toThrow('no'),
        store.addPerson(personOf('noe')),
        idsOf(store),
      ]);
      expect(added).toBe(true);
      expect(seen).not.toContain('zoe');
      expect(await idsOf(store)).toEqual(['noe']);
    });

    test('fails with a part of it that failed, whoever caught that', async () => {
      const store = await openTree(open);
      const failing = store.audit.together(async () => {
        await store.addPerson(personOf('zoe'));
        await store.audit
          .together(async () => {
            await store.addPerson(personOf('noe'));
            throw new Error('the part');
          })
          .catch(() => undefined);
      });
      await expect(failing).rejects.toThrow('the part');
      expect(await idsOf(store)).toEqual([]);
      expect(await store.audit.together(() => idsOf(store))).toEqual([]);
    });

    test('looks and writes while no other does', async () => {
      const store = await openTree(open);
      await Promise.all(
        Array.from({ length: MANY }, () =>
          store.audit.together(async () => {
            const count = (await store.people()).length;
            await setImmediate();
            await store.addPerson(personOf(`p${String(count).padStart(2, '0')}`));
          }),
        ),
      );
      expect(await idsOf(store)).toHaveLength(MANY);
    });

    test('gives organisations as they are once it has gone back', async () => {
      const store = await openTree(open);
      const add = (id: string) =>
        store.addOrganisation({
          id,
          parentId: 'top',
          name: id,
          type: 'service',
          code: null,
          timeZone: 'UTC',
        });
      await expect(
        store.audit.together(async () => {
          await add('gone');
          expect((await store.organisations()).map(({ id }) => id)).toContain('gone');
          throw new Error('no');
        }),
      ).rejects.toThrow('no');
      await add('kept');
      const list = await store.organisations();
      expect(list.map(({ id }) => id)).toEqual(['a', 'b', 'kept', 'top']);
      expect(await store.organisations()).toBe(list);
    });
  });

  describe(`${name}: a trail`, () => {
    test('is one chain, however many append to it at once', async () => {
      const store = await openTree(open);
      await Promise.all(
        Array.from({ length: MANY }, (_, index) =>
          index % 2 === 0
            ? append(store, 'a', 'one')
            : store.audit.together(async () => {
                await append(store, 'a', 'two');
                await append(store, 'b', 'three');
              }),
        ),
      );
      for (const [trail, entries] of [
        ['a', MANY],
        ['b', MANY / 2],
      ] as const) {
        const read = await store.audit.read(trail, 0, 100);
        expect(verifyTrail(trail, read, [])).toEqual({
          organisationId: trail,
          entries,
          erased: 0,
          findings: [],
        });
        expect((await store.audit.newest(trail))?.number).toBe(entries - 1);
      }
      expect(await store.audit.trails()).toEqual(['a', 'b']);
    });

    test('is searched newest first, and loses what its entries say alone', async () => {
      const store = await openTree(open);
      for (const action of ['x', 'y', 'x']) await append(store, 'a', action);
      await append(store, 'b', 'x');
      const numbers = async (search: object) =>
        (await store.audit.find(['a', 'b'], { limit: 9, ...search })).map(({ trail, number }) => [
          trail,
          number,
        ]);
      expect(await numbers({ action: 'x' })).toEqual([
        ['b', 0],
        ['a', 2],
        ['a', 0],
      ]);
      expect(await numbers({ before: { at: 1, trail: 'a', number: 2 } })).toEqual([
        ['a', 1],
        ['a', 0],
      ]);
      expect(await store.audit.find([], { limit: 9 })).toEqual([]);
      expect(await store.audit.naming('p')).toHaveLength(4);
      await store.audit.erase([{ trail: 'a', number: 1 }]);
      const [, erased, kept] = await store.audit.read('a', 0, 9);
      expect([erased?.content, erased?.salt]).toEqual([null, null]);
      expect(kept?.content).toContain('"x"');
      expect(await numbers({ action: 'y' })).toEqual([]);
    });
  });

  describe(`${name}: once, of ${MANY} at the same time`, () => {
    test('an invitation is accepted, and is still there where the login was taken', async () => {
      const store = await openTree(open);
      await store.addPerson(personOf('zoe'));
      await store.addInvitation(invitationOf('i'));
      const accept = (login: string, index: number) =>
        store.acceptInvitation('hash-i', 50, personOf(`new${index}`, { login }));
      expect(await accept('zoe', 99)).toBe('login-taken');
      expect(await countOf(MANY, (index) => accept(`l${index}`, index), 'accepted')).toBe(1);
      expect(await idsOf(store)).toHaveLength(2);
      expect(await accept('late', 98)).toBe('gone');
    });

    test('a claim token makes a gateway', async () => {
      const store = await openTree(open);
      await store.addEnrolmentToken(tokenOf('t'));
      const claim = async (index: number) => {
        const id = `g${index}`;
        const use = { gatewayId: id, at: 1, csrHash: `csr${index}` };
        return store.claim('secret-t', use, gatewayOf(id), certificateOf(id, `c${index}`));
      };
      expect(await countOf(MANY, claim, true)).toBe(1);
      const [gateway, ...others] = await store.gateways();
      expect(others).toEqual([]);
      expect((await store.enrolmentToken('secret-t'))?.used?.gatewayId).toBe(gateway?.id);
      expect(await store.certificatesOf(gateway?.id ?? '')).toHaveLength(1);
    });

    test('a code, a recovery code, a session, a key and a step of an agreement are taken', async () => {
      const store = await openTree(open);
      await store.addPerson(personOf('zoe'));
      const sealed = Uint8Array.of(1);
      await store.beginSecondFactor('zoe', sealed);
      const confirmed = { sealedSecret: sealed, step: 1, at: 1, codeHashes: ['r1', 'r2'] };
      expect(await countOf(MANY, () => store.confirmSecondFactor('zoe', confirmed), true)).toBe(1);
      expect(await countOf(MANY, () => store.useStep('zoe', 2), true)).toBe(1);
      expect(await countOf(MANY, () => store.useRecoveryCode('zoe', 'r1'), true)).toBe(1);
      expect(await store.recoveryCodesLeft('zoe')).toBe(1);
      await store.addSession(sessionOf('zoe', 's'));
      const advance = (index: number) => store.replaceSession('s', sessionOf('zoe', `s${index}`));
      expect(await countOf(MANY, advance, true)).toBe(1);
      expect(await store.sessionsOf('zoe', 50)).toHaveLength(1);
      const deed = { at: 1, by: 'p', organisationId: 'a', type: 'proposed' } as const;
      expect(await countOf(MANY, () => store.appendAgreement('g', 0, deed), true)).toBe(1);
      expect((await store.agreement('g'))?.events).toEqual([deed]);
    });

    test('a renewed certificate answers a request, and a revocation stands', async () => {
      const store = await openTree(open);
      await addGateway(store, 'g');
      const renew = (index: number) =>
        store.addRenewed({ ...certificateOf('g', `n${index}`), csrHash: 'same' }, 'c-g', 10);
      expect(await countOf(MANY, renew, true)).toBe(1);
      expect(await store.certificatesOf('g')).toHaveLength(2);
      const revocation = { at: 11, by: 'p', reason: 'stolen' };
      expect(await countOf(MANY, () => store.revokeGateway('g', revocation), true)).toBe(1);
      expect(await store.revocation('g')).toEqual(revocation);
    });

    test('a secret of the fleet is made', async () => {
      const store = await openTree(open);
      const made = await Promise.all(
        Array.from({ length: MANY }, (_, index) => store.secret('key', () => Uint8Array.of(index))),
      );
      expect(new Set(made.map((secret) => Buffer.from(secret).toString('hex'))).size).toBe(1);
    });
  });
};
