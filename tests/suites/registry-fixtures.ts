import { onTestFinished } from 'vitest';
import type { NewEnrolmentToken } from '../../fleet/store/identity-store.js';
import type { Invitation, NewPerson, Session } from '../../fleet/store/people-store.js';
import type { AsynchronousRegistry as RegistryStore } from '../../fleet/store/asynchronous.js';
import type { Gateway } from '../../fleet/store/registry-store.js';

export const GATEWAY = 'gateway000000000001';

/** Opens a registry that is empty. */
export type OpenRegistry = () => Promise<RegistryStore>;

/** A registry with an organisation `top`, and `a` and `b` below it. */
export const openTree = async (open: OpenRegistry): Promise<RegistryStore> => {
  const store = await open();
  onTestFinished(() => store.close());
  const place = { code: null, timeZone: 'Europe/Paris' };
  await store.addOrganisation({ id: 'top', parentId: null, name: 'Top', type: 'intercommunality', ...place });
  for (const id of ['b', 'a']) {
    await store.addOrganisation({ id, parentId: 'top', name: id, type: 'municipality', ...place });
  }
  return store;
};

export const personOf = (id: string, more: Partial<NewPerson> = {}): NewPerson => ({
  id,
  login: id,
  name: id.toUpperCase(),
  organisationId: 'a',
  role: 'viewer',
  passwordHash: 'hash',
  ...more,
});

export const sessionOf = (personId: string, tokenHash: string, more: Partial<Session> = {}): Session => ({
  id: `id-${tokenHash}`,
  tokenHash,
  personId,
  created: 1,
  expires: 100,
  lastUsed: 1,
  address: '::1',
  client: 'browser',
  method: 'password',
  secondFactor: false,
  needs: null,
  ...more,
});

export const invitationOf = (id: string, more: Partial<Invitation> = {}): Invitation => ({
  id,
  tokenHash: `hash-${id}`,
  organisationId: 'a',
  role: 'viewer',
  personId: null,
  login: null,
  name: null,
  createdAt: 1,
  createdBy: 'p',
  expires: 100,
  usedAt: null,
  revokedAt: null,
  ...more,
});

export const tokenOf = (id: string, more: Partial<NewEnrolmentToken> = {}): NewEnrolmentToken => ({
  id,
  secretHash: `secret-${id}`,
  organisationId: 'a',
  createdBy: 'p',
  expires: 100,
  ...more,
});

export const gatewayOf = (id: string, more: Partial<Gateway> = {}): Gateway => ({
  id,
  organisationId: 'a',
  name: id,
  createdAt: 5,
  connected: false,
  lastSeen: null,
  epoch: null,
  agentVersion: null,
  clockState: null,
  lastError: null,
  health: null,
  ...more,
});

export const certificateOf = (gatewayId: string, thumbprint: string) => ({
  thumbprint,
  gatewayId,
  pem: `pem ${thumbprint}`,
  notBefore: 0,
  notAfter: 90,
});

/** Claims a gateway by a token of its own. */
export const addGateway = async (
  store: RegistryStore,
  id: string,
  more: Partial<NewEnrolmentToken> = {},
): Promise<void> => {
  const token = tokenOf(`t-${id}`, more);
  await store.addEnrolmentToken(token);
  await store.claim(
    token.secretHash,
    { gatewayId: id, at: 5, csrHash: `csr-${id}` },
    gatewayOf(id, { organisationId: token.organisationId }),
    certificateOf(id, `c-${id}`),
  );
};

/** How many of many at once got `wanted`. */
export const countOf = async <Result>(
  many: number,
  attempt: (index: number) => Promise<Result>,
  wanted: Result,
): Promise<number> => {
  const results = await Promise.all(Array.from({ length: many }, (_, index) => attempt(index)));
  return results.filter((result) => result === wanted).length;
};
