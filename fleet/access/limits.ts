import type { OrganisationsStore } from '../store/organisations-store.js';
import type { Limit, Role } from '../store/people-store.js';
import { AccessError } from './errors.js';

export interface LimitDeps {
  /** Who holds a site now; `undefined` where there is none. */
  readonly siteHolder: (siteId: string) => string | undefined;
  /** `id` is `rootId` or below it. */
  readonly within: (rootId: string, id: string) => boolean;
}

/** Who holds a site, as the registry knows it; of one that was merged into another, nobody. */
export const siteHolderIn =
  ({ record }: Pick<OrganisationsStore, 'record'>): LimitDeps['siteHolder'] =>
  (siteId) => {
    const site = record('site', siteId);
    return site?.mergedInto === null ? site.organisationId : undefined;
  };

interface Limited {
  readonly organisationId: string;
  readonly role: Role;
  readonly limit?: Limit;
}

/**
 * Throws `AccessError` on a limit that cannot be kept: of another role than a technician's, of no time at all, or to a
 * site that no organisation below theirs holds.
 */
export const requireLimit = (
  { siteHolder, within }: LimitDeps,
  { organisationId, role, limit }: Limited,
): void => {
  if (limit === undefined) return;
  if (role !== 'technician') {
    throw new AccessError('bad-request', 'limit: only the role of a technician can be limited.');
  }
  const { siteId, from, to } = limit;
  if (from !== undefined && to !== undefined && from >= to) {
    throw new AccessError('bad-request', 'limit: from must be earlier than to.');
  }
  if (siteId === undefined) return;
  const holder = siteHolder(siteId);
  if (holder === undefined || !within(organisationId, holder)) {
    throw new AccessError('not-found', 'limit: there is no such site.');
  }
};
