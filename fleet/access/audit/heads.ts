import type { TrailStore } from '../../store/audit-store.js';
import { rootOf } from './hash-tree.js';
import { signHead, type HeadSigner, type SignedHead } from './signed-head.js';

export interface HeadsDeps {
  readonly store: Pick<TrailStore, 'newest'>;
  readonly signer: HeadSigner;
  /** UTC ms. */
  readonly now: () => number;
}

/** Signs the present heads of trails. A trail without entries has none. */
export type Heads = (trails: readonly string[]) => readonly SignedHead[];

export const createHeads =
  ({ store, signer, now }: HeadsDeps): Heads =>
  (trails) =>
    trails.flatMap((organisationId) => {
      const newest = store.newest(organisationId);
      if (newest === undefined) return [];
      const size = newest.number + 1;
      const root = Buffer.from(rootOf({ size, peaks: newest.peaks })).toString('hex');
      return [signHead({ organisationId, size, root, time: new Date(now()).toISOString() }, signer)];
    });
