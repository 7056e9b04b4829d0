import type { AuditStore } from '../../store/audit-store.js';
import type { OrganisationTree } from '../organisation-tree.js';
import type { Subject } from '../subject.js';
import { createRefusals } from './refusals.js';
import { appendedAfter, SALT_BYTES } from './chain.js';
import { contentOf, type AuditRecord } from './content.js';

/** Who did what, and what was refused to whom: written once, and never again changed. */
export interface AuditTrail {
  /** Refusals that come in masses are recorded as one, with their count. */
  record(record: AuditRecord): void;
  /** Records what was only counted so far: before the service stops. */
  flush(): void;
  /**
   * Makes a change and records it, both or neither. `act` is synchronous; `record` is made of what it gives. What
   * `act` throws goes on, and nothing is recorded.
   */
  change<Result>(act: () => Result, record: (result: Result) => AuditRecord): Result;
}

export interface AuditTrailDeps {
  readonly store: Pick<AuditStore, 'append' | 'together'>;
  readonly tree: () => OrganisationTree;
  /** UTC ms. */
  readonly now: () => number;
  readonly random: (bytes: number) => Uint8Array;
}

export const createAuditTrail = ({ store, tree, now, random }: AuditTrailDeps): AuditTrail => {
  const record = (made: AuditRecord): void => {
    const trail = made.resource.organisationId ?? organisationOf(made.subject) ?? tree().top ?? '';
    const content = JSON.stringify(contentOf(made));
    store.append(trail, (newest) =>
      appendedAfter(newest, { trail, at: now(), salt: random(SALT_BYTES), content }),
    );
  };
  const refusals = createRefusals(record, now);
  return {
    record: (made) => {
      if (made.outcome === 'refused') refusals.record(made);
      else record(made);
    },
    flush: () => refusals.flush(true),
    change: (act, recordOf) =>
      store.together(() => {
        const result = act();
        record(recordOf(result));
        return result;
      }),
  };
};

const organisationOf = (subject: Subject): string | undefined =>
  'organisationId' in subject ? subject.organisationId : undefined;
