import type { AuditStore, TrailStore } from '../../store/audit-store.js';
import { isUsageTrail, type UsageStore } from '../../store/usage-store.js';

/** Audit trails and those of the usage ledger: what heads are signed of, and what is verified. */
export const allTrails = (stores: {
  readonly audit: AuditStore;
  readonly usage: UsageStore;
}): Omit<TrailStore, 'append'> => {
  const of = (trail: string): TrailStore => (isUsageTrail(trail) ? stores.usage : stores.audit);
  return {
    trails: () => [...stores.audit.trails(), ...stores.usage.trails()],
    newest: (trail) => of(trail).newest(trail),
    read: (trail, from, limit) => of(trail).read(trail, from, limit),
  };
};
