import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { makeCertificateRequest } from '../../../agent/identity/certificate-request.js';
import { isRenewalDue, openCertificateKeeper } from '../../../agent/identity/certificate-keeper.js';
import type { postToFleet } from '../../../agent/identity/fleet-request.js';
import { FIRST_KEY, loadOrMakeKey } from '../../../agent/identity/gateway-key.js';
import { openIdentitySlots } from '../../../agent/identity/identity-slots.js';
import { renewOnce } from '../../../agent/identity/renewal.js';
import { loadIdentity, storeIdentity, type HeldIdentity } from '../../../agent/identity/stored-identity.js';
import { openIdentityFleet } from '../../support/identity-fleet.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const DAY_MS = 86_400_000;
const never = new AbortController().signal;
type Fleet = Awaited<ReturnType<typeof openIdentityFleet>>;

const enrolled = async (fleet: Fleet, folder: string): Promise<HeldIdentity> => {
  mkdirSync(folder, { recursive: true });
  const { token } = fleet.enrolment.issueToken({ organisationId: 'org', createdBy: 'p' });
  const csr = await makeCertificateRequest(loadOrMakeKey(folder), 'n');
  const { response } = await fleet.enrolment.enrol({ token, csr, name: 'n' });
  if ('waiting' in response) throw new Error('it waits');
  const { broker, ...certificates } = response;
  const place = { key: FIRST_KEY, fleetUrl: 'https://fleet.test' };
  storeIdentity(folder, { ...certificates, broker: { ...broker, host: broker.host ?? '' }, ...place });
  const identity = loadIdentity(folder);
  if (identity === undefined) throw new Error('it was stored');
  return identity;
};

const admits = ({ admit, clock }: Fleet, identity: HeldIdentity): boolean =>
  identity.notAfter > clock.now &&
  admit(identity.gatewayId, Buffer.from(identity.thumbprint).toString('hex')).admitted;

const keeperOf = (fleet: Fleet, dataFolder: string, knownTime: () => number | undefined) => {
  let stopping = new AbortController();
  const adopted: HeldIdentity[] = [];
  const keeper = openCertificateKeeper({
    dataFolder,
    post: fleet.post,
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    knownTime,
    monotonic: () => 0,
    random: () => 0,
    // one look, then the end
    pause: async () => stopping.abort(),
    renewed: () => undefined,
    adopted: async (identity) => void adopted.push(identity),
  });
  const look = async (): Promise<void> => {
    stopping = new AbortController();
    await keeper.run(stopping.signal);
  };
  return { keeper, adopted, look };
};

/** Connects until the fleet welcomes one of the identities; `false`: it takes none of them. */
const comesBack = (
  fleet: Fleet,
  keeper: {
    forAttempt(): HeldIdentity;
    welcomed(identity: HeldIdentity): unknown;
    refused(identity: HeldIdentity): void;
  },
) => {
  for (let attempt = 0; attempt < 4; attempt += 1) {
    const identity = keeper.forAttempt();
    if (admits(fleet, identity)) {
      keeper.welcomed(identity);
      return true;
    }
    keeper.refused(identity);
  }
  return false;
};

const decision = { notBefore: 0, notAfter: 90 * DAY_MS };
const due = (time: number | undefined, refused = false): boolean =>
  isRenewalDue(decision, { time, refused, spreadMs: 0 });
it('is due at two thirds of a certificate’s time, on a synced clock alone, or when the fleet refuses it', () => {
  expect([due(60 * DAY_MS - 1), due(60 * DAY_MS), due(500 * DAY_MS)]).toEqual([false, true, true]);
  expect([due(undefined), due(undefined, true), due(0, true)]).toEqual([false, true, true]);
});

describe('a gateway whose certificate is renewed', () => {
  let fleet: Fleet;
  beforeEach(async () => {
    fleet = await openIdentityFleet(temporaryFolder());
  });

  it('changes over at the first welcome of the new one, and signs under it from then on', async () => {
    const folder = join(temporaryFolder(), 'g');
    const first = await enrolled(fleet, folder);
    const start = fleet.clock.now;
    const { keeper, adopted, look } = keeperOf(fleet, folder, () => fleet.clock.now);
    await look();
    expect(keeper.forAttempt()).toEqual(first);
    expect(comesBack(fleet, keeper)).toBe(true);
    fleet.clock.now = start + 61 * DAY_MS;
    await look();
    expect(keeper.inUse).toEqual(first);
    const next = keeper.forAttempt();
    expect(next.thumbprint).not.toEqual(first.thumbprint);
    expect(next.privateKey).not.toBe(first.privateKey);
    // until the next one is used the fleet takes both
    expect(admits(fleet, first)).toBe(true);
    expect(comesBack(fleet, keeper)).toBe(true);
    expect(adopted).toEqual([next]);
    expect(loadIdentity(folder)).toEqual(next);
    expect(readdirSync(folder).toSorted()).toEqual(['identity.json', next.keyFile].toSorted());
    expect(admits(fleet, first)).toBe(false);
    await look();
    expect(keeper.view()).toMatchObject({ certificateEnds: next.notAfter, lastError: undefined });
  });

  it('finds its way back after months on a shelf, twice, though it does not know the time', async () => {
    const folder = join(temporaryFolder(), 'g');
    await enrolled(fleet, folder);
    for (const days of [200, 300]) {
      const { keeper, look } = keeperOf(fleet, folder, () => undefined);
      fleet.clock.now += days * DAY_MS;
      await look();
      expect(comesBack(fleet, keeper)).toBe(false);
      await look();
      // renewed, then put on the shelf again before it could connect
    }
    const { keeper, look } = keeperOf(fleet, folder, () => undefined);
    expect(comesBack(fleet, keeper)).toBe(true);
    await look();
    expect(keeper.view().lastError).toBeUndefined();
  });

  it('is told by name when the fleet does not renew it any more', async () => {
    const folder = join(temporaryFolder(), 'g');
    const { gatewayId } = await enrolled(fleet, folder);
    const { keeper, look } = keeperOf(fleet, folder, () => undefined);
    fleet.control.revoke(gatewayId, { by: 'me', reason: 'stolen' });
    expect(comesBack(fleet, keeper)).toBe(false);
    await look();
    expect(keeper.view().lastError).toMatch(/revoked/);
  });

  it('goes on with the old one where the fleet was restored from before the renewal', async () => {
    const folder = join(temporaryFolder(), 'g');
    const first = await enrolled(fleet, folder);
    const copy = join(temporaryFolder(), 'other');
    const other = await enrolled(fleet, copy);
    await renewOnce({ dataFolder: copy, post: fleet.post }, other, never);
    // a next slot that this fleet does not know for this gateway
    cpSync(join(copy, 'next.json'), join(folder, 'next.json'));
    const next = loadIdentity(copy, 'next.json');
    if (next !== undefined) cpSync(join(copy, next.keyFile), join(folder, next.keyFile));
    fleet.control.revoke(other.gatewayId, { by: 'me', reason: 'test' });
    const slots = openIdentitySlots(folder);
    expect(comesBack(fleet, slots)).toBe(true);
    expect(existsSync(join(folder, 'next.json'))).toBe(false);
    expect(loadIdentity(folder)).toEqual(first);
  });
});

/** What is on the disk at each moment of a renewal: each of its writes is whole or not there. */
const moments = async (fleet: Fleet, root: string): Promise<readonly string[]> => {
  const work = join(root, 'work');
  const first = await enrolled(fleet, work);
  admits(fleet, first);
  const names: string[] = [];
  const keep = (name: string): string => {
    cpSync(work, join(root, name), { recursive: true });
    names.push(name);
    return join(root, name);
  };
  keep('before');
  const asked: typeof postToFleet = async (...request) => {
    rmSync(join(keep('key made, request not written'), 'renewal.json'));
    keep('asked, answer on its way');
    const answer = await fleet.post(...request);
    keep('answered, answer lost');
    return answer;
  };
  await renewOnce({ dataFolder: work, post: asked }, first, never);
  const half = keep('answer stored, request not removed');
  cpSync(join(root, 'answered, answer lost', 'renewal.json'), join(half, 'renewal.json'));
  keep('answer stored');
  const slots = openIdentitySlots(work);
  const next = slots.forAttempt();
  admits(fleet, next);
  keep('next one used, not yet put in its place');
  slots.welcomed(next);
  const late = keep('in its place, old key not removed');
  cpSync(join(root, 'before', first.keyFile), join(late, first.keyFile));
  keep('done');
  return names;
};

describe('a gateway killed', () => {
  it('at any moment of a renewal comes back, and renews to the end', async () => {
    const fleet = await openIdentityFleet(temporaryFolder());
    const seen = await moments(fleet, temporaryFolder());
    expect(seen).toHaveLength(9);
    for (const moment of seen) {
      // another gateway, stopped there; until its next certificate is used the fleet hears nothing of that
      const used = seen.indexOf(moment) >= seen.indexOf('next one used, not yet put in its place');
      const root = temporaryFolder();
      await moments(used ? fleet : { ...fleet, admit: () => ({ admitted: true }) }, root);
      const { keeper, look } = keeperOf(fleet, join(root, moment), () => fleet.clock.now + 61 * DAY_MS);
      const back: boolean[] = [];
      for (let turn = 0; turn < 3; turn += 1) {
        back.push(comesBack(fleet, keeper));
        await look();
      }
      expect([moment, ...back, keeper.view().lastError]).toEqual([moment, true, true, true, undefined]);
    }
    fleet.store.close();
  }, 60_000);
});
