import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { postToFleet } from '../../agent/identity/fleet-request.js';
import { openAuthority } from '../../fleet/registry/authority/authority.js';
import { createEnrolment } from '../../fleet/registry/enrolment.js';
import { createGatewayControl } from '../../fleet/registry/gateway-control.js';
import { createRenewal, DEFAULT_GRACE_DAYS } from '../../fleet/registry/renewal.js';
import { newId } from '../../fleet/registry/new-id.js';
import { openRegistryStore } from '../../fleet/store/sqlite/registry-store.js';
import { EnrolmentError, RenewalError } from '../../fleet/registry/errors.js';
import { createIngest } from '../../fleet/operations/ingest.js';

const never = async (): Promise<never> => {
  throw new Error('nothing is sent here');
};

/** The identity side of a fleet over a real registry and a real authority, on a clock of its own; without sockets. */
export const openIdentityFleet = async (folder: string) => {
  const clock = { now: Date.now() };
  const now = (): number => clock.now;
  const authority = await openAuthority(join(folder, 'authority'), { now });
  const store = openRegistryStore(join(folder, 'registry.db'), { newId });
  const organisation = { id: 'org', parentId: null, name: 'Org', type: 'municipality' } as const;
  store.addOrganisation({ ...organisation, code: null, timeZone: 'Europe/Paris' });
  const broker = { host: '127.0.0.1', port: 8883, serverName: 'fleet' };
  const deps = { store, authority, now, newId, random: (bytes: number) => randomBytes(bytes), broker };
  const enrolment = createEnrolment(deps);
  const renewal = createRenewal({ ...deps, graceDays: DEFAULT_GRACE_DAYS });
  const ingest = createIngest({
    registry: store,
    isRevoked: () => false,
    now,
    door: { batch: never, directory: never },
    reception: { hello: never, status: () => undefined, health: () => undefined, result: () => undefined },
    log: { info: () => undefined, warn: () => undefined },
    countRefused: () => undefined,
  });
  /** Answers a gateway's request as the routes do. */
  const post: typeof postToFleet = async (url, body) => {
    const request = JSON.parse(body) as never;
    try {
      const { response } = url.pathname.endsWith('/renew')
        ? await renewal.renew(request)
        : await enrolment.enrol(request);
      return {
        status: 200,
        contentType: 'application/json',
        location: undefined,
        body: JSON.stringify(response),
      };
    } catch (error) {
      if (!(error instanceof EnrolmentError) && !(error instanceof RenewalError)) throw error;
      const problem = JSON.stringify({ detail: error.message });
      return { status: 403, contentType: 'application/problem+json', location: undefined, body: problem };
    }
  };
  return {
    clock,
    store,
    authority,
    enrolment,
    renewal,
    control: createGatewayControl(deps),
    admit: ingest.admit.bind(ingest),
    post,
  };
};
