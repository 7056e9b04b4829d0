import { describe, expect, test } from 'vitest';
import type { NewAct } from '../../fleet/store/organisations-store.js';
import type { ApiKey } from '../../fleet/store/people-store.js';
import {
  addGateway,
  invitationOf,
  openTree,
  personOf,
  sessionOf,
  tokenOf,
  type OpenRegistry,
} from './registry-fixtures.js';
import { registrySharingSuite } from './registry-sharing.js';

const reach = (...organisations: string[]) => ({ organisations: new Set(organisations) });
const ids = (rows: readonly { readonly id: string }[]): string[] => rows.map(({ id }) => id);
const PAGE = { limit: 9 };

const keyOf = (id: string, more: Partial<ApiKey> = {}): ApiKey => ({
  id,
  secretHash: 's',
  name: id,
  organisationId: 'a',
  role: 'viewer',
  actions: null,
  purpose: 'operations',
  personId: null,
  createdAt: 1,
  createdBy: 'p',
  expires: 100,
  lastUsedAt: null,
  lastUsedFrom: null,
  revokedAt: null,
  replacedBy: null,
  ...more,
});

const peopleSuite = (name: string, open: OpenRegistry): void => {
  describe(`${name}: people`, () => {
    test('are found by login and identity, and by nobody out of reach', async () => {
      const store = await openTree(open);
      const limit = { siteId: 's', from: 3, to: 9 };
      expect(await store.addPerson(personOf('zoe', { role: 'technician', limit }))).toBe(true);
      expect(await store.addPerson(personOf('other', { login: 'zoe' }))).toBe(false);
      const identity = { issuer: 'i', subject: 's', managed: true };
      const noe = personOf('noe', { organisationId: 'b', passwordHash: null });
      expect(await store.addPersonWithIdentity(noe, identity)).toBe('added');
      expect(await store.addPersonWithIdentity(personOf('two'), identity)).toBe('identity-taken');
      expect(await store.addPersonWithIdentity(personOf('two', { login: 'noe' }), identity)).toBe(
        'login-taken',
      );
      expect(await store.personByLogin('zoe')).toEqual({
        id: 'zoe',
        login: 'zoe',
        name: 'ZOE',
        organisationId: 'a',
        role: 'technician',
        limit,
        disabledAt: null,
        hasPassword: true,
        mustChangePassword: false,
        secondFactorSince: null,
      });
      expect(await store.personByIdentity(identity)).toMatchObject({
        id: 'noe',
        hasPassword: false,
        managed: true,
      });
      expect(ids(await store.peopleIn(reach('a'), PAGE))).toEqual(['zoe']);
      expect(ids(await store.peopleIn(reach('a', 'b'), { ...PAGE, after: 'noe' }))).toEqual(['zoe']);
      expect(await store.personIn(reach('a'), 'noe')).toBeUndefined();
      expect(await store.peopleIn({ ...reach('a'), siteId: 's' }, PAGE)).toEqual([]);
      expect(await store.personByLogin('no\0body')).toBeUndefined();
    });

    test('lose sessions and keys with their place, and all that is theirs when they are erased', async () => {
      const store = await openTree(open);
      await store.addPerson(personOf('zoe'));
      await store.addSession(sessionOf('zoe', 's'));
      await store.addSession(sessionOf('zoe', 't', { needs: 'new-password', secondFactor: true }));
      expect((await store.openSession('s', 50))?.person.id).toBe('zoe');
      expect(await store.openSession('s', 100)).toBeUndefined();
      await store.setPassword('zoe', { hash: 'next', mustChange: true }, 't');
      expect(await store.passwordHash('zoe')).toBe('next');
      expect(await store.sessionsOf('zoe', 50)).toEqual([
        sessionOf('zoe', 't', { needs: 'new-password', secondFactor: true }),
      ]);
      await store.addKey(keyOf('own', { personId: 'zoe', actions: ['read'] }));
      await store.addInvitation(invitationOf('made', { createdBy: 'zoe' }));
      await store.setRole('zoe', { organisationId: 'b', role: 'owner' }, 7);
      expect(await store.sessionsOf('zoe', 50)).toEqual([]);
      expect(await store.key('own')).toEqual(
        keyOf('own', { personId: 'zoe', actions: ['read'], revokedAt: 7 }),
      );
      await store.disablePerson('zoe', 8);
      expect(await store.person('zoe')).toMatchObject({ organisationId: 'b', role: 'owner', disabledAt: 8 });
      expect((await store.invitationByToken('hash-made'))?.revokedAt).toBe(8);
      await store.addIdentity('zoe', { issuer: 'i', subject: 's', managed: false });
      expect(await store.erasePerson('zoe', 9)).toBe(true);
      expect(await store.erasePerson('zoe', 9)).toBe(false);
      expect((await store.key('own'))?.personId).toBeNull();
      expect(await store.personByIdentity({ issuer: 'i', subject: 's' })).toBeUndefined();
    });

    test('get second factors that their roles need', async () => {
      const store = await openTree(open);
      await store.addPerson(personOf('zoe'));
      await store.addSession(sessionOf('zoe', 's'));
      await store.setSecondFactorRoles('a', ['viewer', 'owner', 'viewer']);
      expect(await store.secondFactorRoles('a')).toEqual(['owner', 'viewer']);
      await store.requireOfSessions(['zoe'], 'second-factor-enrolment');
      expect((await store.openSession('s', 50))?.session.needs).toBe('second-factor-enrolment');
      await store.beginSecondFactor('zoe', Uint8Array.of(1));
      await store.beginSecondFactor('zoe', Uint8Array.of(2));
      const confirmed = { sealedSecret: Uint8Array.of(1), step: 3, at: 4, codeHashes: ['r'] };
      expect(await store.confirmSecondFactor('zoe', confirmed)).toBe(false);
      expect(await store.confirmSecondFactor('zoe', { ...confirmed, sealedSecret: Uint8Array.of(2) })).toBe(
        true,
      );
      const factor = await store.secondFactor('zoe');
      expect({ ...factor, sealedSecret: [...(factor?.sealedSecret ?? [])] }).toEqual({
        sealedSecret: [2],
        since: 4,
        sealedPending: null,
        lastStep: 3,
      });
      await store.removeSecondFactor('zoe');
      expect(await store.recoveryCodesLeft('zoe')).toBe(0);
      expect(await store.purge(1000)).toBe(1);
    });

    test('keys are replaced, and end no later than they would have', async () => {
      const store = await openTree(open);
      await store.addKey(keyOf('k'));
      await store.noteKeyUse('k', 5, '::1');
      expect(await store.rotateKey('k', 500, keyOf('l', { createdAt: 2 }))).toBe(true);
      expect(await store.rotateKey('k', 500, keyOf('m'))).toBe(false);
      expect(await store.key('k')).toMatchObject({ replacedBy: 'l', expires: 100, lastUsedAt: 5 });
      expect(ids(await store.keys())).toEqual(['l', 'k']);
      expect(ids(await store.keysIn(reach('a'), PAGE))).toEqual(['k', 'l']);
      expect(await store.keyIn(reach('b'), 'k')).toBeUndefined();
      expect([await store.revokeKey('l', 6), await store.revokeKey('l', 6)]).toEqual([true, false]);
    });
  });
};

const identitySuite = (name: string, open: OpenRegistry): void => {
  describe(`${name}: gateways`, () => {
    test('come by tokens, also held ones, and stand where the token says', async () => {
      const store = await openTree(open);
      await store.apply(actOf('s', [site('s1', 'a')]));
      await addGateway(store, 'g1', { siteId: 's1' });
      expect((await store.record('gateway', 'g1'))?.siteId).toBe('s1');
      await store.addEnrolmentToken(tokenOf('t', { approval: true, replaces: 'g1' }));
      const use = { gatewayId: 'g2', at: 6, csrHash: 'csr' };
      expect(
        await store.holdClaim('secret-t', use, { gatewayId: 'g2', name: 'Two', serial: undefined }),
      ).toBe(true);
      expect(
        ids((await store.heldClaimsIn(reach('a'), 0, PAGE)).map(({ gatewayId: id }) => ({ id }))),
      ).toEqual(['g2']);
      expect(await store.heldClaimIn(reach('b'), 'g2')).toBeUndefined();
      const decision = { approved: true, at: 7, by: 'p', reason: '' };
      expect(await store.decideClaim('g2', decision)).toBe(true);
      expect(await store.decideClaim('g2', decision)).toBe(false);
      const gateway = { ...(await store.gateway('g1')), id: 'g2', createdAt: 8 };
      const certificate = { thumbprint: 'x', gatewayId: 'g2', pem: '', notBefore: 0, notAfter: 90 };
      expect(await store.grantClaim(gateway as never, certificate)).toBe(true);
      expect(await store.successorOf('g1')).toBe('g2');
      expect(await store.revokedGateways()).toEqual(['g1']);
      expect((await store.record('gateway', 'g2'))?.siteId).toBe('s1');
      expect((await store.heldClaim('g2'))?.decision).toEqual(decision);
      expect(ids(await store.enrolmentTokensIn({ ...reach('a'), siteId: 's1' }, PAGE))).toEqual(['t-g1']);
      expect([
        await store.revokeEnrolmentToken('t', 9),
        await store.enrolmentTokenIn(reach('b'), 't'),
      ]).toEqual([false, undefined]);
    });

    test('are noted, and their certificates follow each other', async () => {
      const store = await openTree(open);
      await addGateway(store, 'g');
      await store.noteGateway('g', { connected: true, lastSeen: 9 });
      await store.noteGateway('g', {});
      expect(await store.gateway('g')).toMatchObject({ connected: true, lastSeen: 9, epoch: null });
      await store.forgetConnections();
      expect((await store.gateways())[0]?.connected).toBe(false);
      const note = { epoch: 'e', at: 1, lastSealed: 5, lastOrdinal: 50, unsealed: null };
      expect(await store.noteEpoch('g', note)).toBeUndefined();
      expect(await store.noteEpoch('g', { ...note, lastSealed: 4 })).toEqual(note);
      expect(await store.noteEpoch('g', note)).toEqual(note);
      const next = { thumbprint: 'n', gatewayId: 'g', pem: 'next', notBefore: 0, notAfter: 60, csrHash: 'n' };
      expect(await store.noteCertificateUsed('c-g', 2)).toBe(false);
      expect(await store.addRenewed(next, 'c-g', 3)).toBe(true);
      expect(await store.noteCertificateUsed('n', 4)).toBe(true);
      expect((await store.certificate('c-g'))?.supersededAt).toBe(4);
      expect(await store.certificatesOf('g')).toHaveLength(2);
      expect(await store.endedCertificates(50)).toEqual([{ pem: 'pem c-g', endedAt: 4 }]);
      expect(await store.countCertificates(50)).toEqual({
        valid: 1,
        due: 1,
        expired: 0,
        superseded: 1,
        revoked: 0,
      });
    });

    test('have events that count up, and commands that are answered once', async () => {
      const store = await openTree(open);
      await addGateway(store, 'g');
      for (const at of [1, 2]) await store.noteEvent({ gatewayId: 'g', kind: 'resend', detail: 'd', at });
      const command = {
        id: 'c',
        gatewayId: 'g',
        name: 'poll',
        arguments: { bus: 'b', count: 2 },
        createdAt: 1,
        createdBy: 'p',
        expires: 9,
      };
      expect(await store.addCommand(command)).toBe(true);
      expect(await store.waitingCommands(5)).toEqual([]);
      await store.noteGateway('g', { connected: true });
      expect(await store.waitingCommands(5)).toEqual([{ ...command, answer: undefined }]);
      const answer = { outcome: 'done', detail: '', at: 3 } as const;
      expect(await store.answerCommand('g', 'c', answer)).toBe(true);
      expect(await store.answerCommand('g', 'c', answer)).toBe(false);
      expect(await store.pendingCommands('g', 5)).toEqual([]);
      const added: boolean[] = [];
      for (let n = 0; n <= 100; n += 1) added.push(await store.addCommand({ ...command, id: `n${n}` }));
      expect(added.indexOf(false)).toBe(100);
    });
  });
};

const actOf = (id: string, changes: NewAct['changes'], more: Partial<NewAct> = {}): NewAct => ({
  id,
  kind: 'add',
  at: 1,
  by: 'p',
  effective: null,
  summary: { what: id },
  changes,
  concerns: ['a'],
  ...more,
});

const site = (id: string, organisationId: string, name = id) =>
  ({
    record: 'site',
    before: null,
    after: { id, organisationId, name, address: { city: 'Y' }, geometry: null, mergedInto: null },
  }) as const;

const actsSuite = (name: string, open: OpenRegistry): void => {
  describe(`${name}: acts`, () => {
    test('change rows that are as they were, all or none', async () => {
      const store = await openTree(open);
      await store.apply(actOf('one', [site('s1', 'a'), site('s2', 'b')], { concerns: ['a', 'b'] }));
      const { after } = site('s1', 'a');
      expect(await store.record('site', 's1')).toEqual(after);
      expect(ids(await store.records('site', { mergedInto: null }))).toEqual(['s1', 's2']);
      expect(ids(await store.recordsIn('site', reach('a', 'b'), { organisationId: 'b' }))).toEqual(['s2']);
      expect(await store.recordIn('site', reach('b'), 's1')).toBeUndefined();
      expect(ids(await store.recordsIn('site', { ...reach('a'), siteId: 's2' }))).toEqual([]);
      const renamed = { record: 'site', before: after, after: { ...after, name: 'New' } } as const;
      const stale = [renamed, { ...renamed, before: { ...after, name: 'Old' } }];
      await expect(store.apply(actOf('stale', stale))).rejects.toMatchObject({ code: 'changed-since' });
      expect((await store.record('site', 's1'))?.name).toBe('s1');
      await expect(store.apply(actOf('taken', [site('s3', 'a'), site('s3', 'a')]))).rejects.toThrow();
      const gone = [{ record: 'organisation', before: await store.record('organisation', 'a'), after: null }];
      await expect(store.apply(actOf('gone', gone as never))).rejects.toMatchObject({ code: 'in-use' });
      expect(await store.acts({ limit: 9 })).toHaveLength(1);
      await store.apply(actOf('two', [renamed], { at: 2, undoes: 'one' }));
      await expect(store.apply(actOf('three', [], { undoes: 'one' }))).rejects.toMatchObject({
        code: 'changed-since',
      });
      expect((await store.act('one'))?.undoneBy).toBe('two');
      expect(ids(await store.acts({ recordId: 's1', limit: 9 }))).toEqual(['two', 'one']);
      expect(ids(await store.acts({ after: { at: 2, id: 'two' }, limit: 9 }))).toEqual(['one']);
      expect(ids(await store.actsIn(reach('b'), { limit: 9 }))).toEqual(['one']);
      expect((await store.actIn(reach('b'), 'one'))?.changes).toEqual([site('s1', 'a'), site('s2', 'b')]);
      expect(await store.actIn(reach('b'), 'two')).toBeUndefined();
    });

    test('leave a transaction that caught their failure as it was', async () => {
      const store = await openTree(open);
      await store.audit.together(async () => {
        await store.apply(actOf('one', [site('s1', 'a')]));
        await store.apply(actOf('two', [site('s2', 'a'), site('s1', 'a')])).catch(() => undefined);
        await store.apply(actOf('three', [site('s3', 'a')]));
      });
      expect(ids(await store.records('site'))).toEqual(['s1', 's3']);
    });
  });
};

/** What every registry does. */
export const registryStoreSuite = (name: string, open: OpenRegistry): void => {
  peopleSuite(name, open);
  identitySuite(name, open);
  actsSuite(name, open);
  registrySharingSuite(name, open);
};
