import { randomBytes } from 'node:crypto';
import { userInfo } from 'node:os';
import type { RegistryStore } from '../../store/registry-store.js';
import { treeOf } from '../organisation-tree.js';
import { operatorSubject } from '../subject.js';
import { createAuditTrail } from './audit-trail.js';
import type { AuditRecord } from './content.js';

type Done = Pick<AuditRecord, 'action' | 'resource' | 'before' | 'after'>;

/** Makes a change from the command line and records it under the name of the account that runs the command. */
export const changeAsOperator = <Result>(
  registry: Pick<RegistryStore, 'organisations' | 'audit'>,
  act: () => Result,
  record: (result: Result) => Done,
): Result => {
  const audit = createAuditTrail({
    store: registry.audit,
    tree: () => treeOf(registry.organisations()),
    now: Date.now,
    random: randomBytes,
  });
  return audit.change(act, (result) => ({
    ...record(result),
    subject: operatorSubject(userInfo().username),
    from: 'command line',
    outcome: 'done',
  }));
};
