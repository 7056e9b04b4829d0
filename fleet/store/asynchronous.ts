import type { AuditStore } from './audit-store.js';
import type { HeldName, RecordName, Records } from './organisations-store.js';
import type { Reach } from './reach.js';
import type { RegistryStore } from './registry-store.js';
import type { UsageStore } from './usage-store.js';

/** The calls of a store, answered later: one across a network. */
export type Asynchronous<Store> = {
  [Name in keyof Store]: Store[Name] extends (...given: infer Given) => infer Result
    ? (...given: Given) => Promise<Result>
    : Store[Name];
};

/** The same of audit trails. What waits for nothing else than the registry is one transaction. */
export interface AsynchronousAudit extends Asynchronous<Omit<AuditStore, 'together'>> {
  /** Runs `work` in one transaction. Within another one it is a part of that, which fails where it fails. */
  together<Result>(work: () => Promise<Result>): Promise<Result>;
}

/** `RegistryStore` with answers that come later: what the registry is to become for all who ask it. */
export interface AsynchronousRegistry extends Asynchronous<
  Omit<RegistryStore, 'audit' | 'usage' | 'record' | 'records' | 'recordIn' | 'recordsIn'>
> {
  record<Name extends RecordName>(name: Name, id: string): Promise<Records[Name] | undefined>;
  records<Name extends RecordName>(
    name: Name,
    where?: Partial<Records[Name]>,
  ): Promise<readonly Records[Name][]>;
  recordIn<Name extends HeldName>(name: Name, reach: Reach, id: string): Promise<Records[Name] | undefined>;
  recordsIn<Name extends HeldName>(
    name: Name,
    reach: Reach,
    where?: Partial<Records[Name]>,
  ): Promise<readonly Records[Name][]>;
  readonly audit: AsynchronousAudit;
  readonly usage: Asynchronous<UsageStore>;
}
