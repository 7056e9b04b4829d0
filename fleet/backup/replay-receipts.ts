import { createHash, randomBytes, X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { createAuditTrail } from '../access/audit/audit-trail.js';
import { erasePerson } from '../access/audit/erase-person.js';
import { changeAsOperator } from '../access/audit/operator-audit.js';
import { treeOf } from '../access/organisation-tree.js';
import { operatorSubject } from '../access/subject.js';
import { openFleet, type OpenedFleet } from '../erasure/opened-fleet.js';
import { isErasure, verifyErasure, type ErasureReceipt } from '../erasure/receipt.js';
import { peopleIn, replayErasures, type Replayed } from '../erasure/replay-erasures.js';
import { BackupError } from './errors.js';
import type { Said } from './take-backup.js';

interface Receipt {
  readonly sha256: string;
  readonly said: ErasureReceipt;
}

export interface ReplayedReceipts extends Replayed {
  readonly receipts: number;
  readonly people: number;
}

/**
 * Erases in a restored folder, before anything reads it, what receipts say was erased after the backup was made. They must be
 * this fleet's own.
 */
export const replayReceipts = async (
  folder: string,
  paths: readonly string[],
  said: Said,
): Promise<ReplayedReceipts> => {
  const root = new X509Certificate(readFileSync(join(folder, 'authority', 'root.pem')));
  // in the order in which they were issued: what one left, the next began with
  const receipts = paths
    .flatMap(filesIn)
    .map((path) => openReceipt(path, root))
    .toSorted((left, right) => left.said.issuedAt - right.said.issuedAt);
  let done: ReplayedReceipts = { receipts: receipts.length, people: 0, erased: 0, absent: 0 };
  const fleet = openFleet(folder);
  try {
    // a point has its number in a directory once the projections have seen that
    await fleet.settle((position) => said('entries projected', position));
    for (const receipt of receipts) {
      const { erased, absent } = await replayErasures(fleet, receipt.said);
      const people = erasePeople(fleet, receipt, { erased, absent });
      const sum = { erased: done.erased + erased, absent: done.absent + absent };
      done = { ...done, ...sum, people: done.people + people };
    }
    await fleet.settle((position) => said('entries projected again', position));
  } finally {
    await fleet.close();
  }
  return done;
};

/** A receipt, or all that a folder holds. */
const filesIn = (path: string): readonly string[] =>
  statSync(path).isDirectory()
    ? readdirSync(path)
        .map((name) => join(path, name))
        .filter((file) => statSync(file).isFile() && isErasure(readFileSync(file)))
    : [path];

const openReceipt = (path: string, root: X509Certificate): Receipt => {
  const file = readFileSync(path);
  try {
    return { sha256: createHash('sha256').update(file).digest('hex'), said: verifyErasure(file, root) };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new BackupError('damaged', `${path} is no receipt of an erasure in this fleet: ${why}`, { cause });
  }
};

/** People who went, and the entry of the trail that says what was erased again; gives how many were there. */
const erasePeople = ({ registry }: OpenedFleet, { sha256, said }: Receipt, columns: Replayed): number => {
  const audit = createAuditTrail({
    store: registry.audit,
    tree: () => treeOf(registry.organisations()),
    now: Date.now,
    random: randomBytes,
  });
  const by = { subject: operatorSubject(userInfo().username), from: 'command line' };
  const found = [...peopleIn(said)].filter(
    (id) => erasePerson({ registry, audit, now: Date.now }, id, by) !== undefined,
  );
  changeAsOperator(
    registry,
    () => undefined,
    () => ({
      action: 'erase-readings',
      resource: { type: 'backup', id: null, organisationId: null },
      after: { receipt: sha256, ...columns, people: found.length },
    }),
  );
  return found.length;
};
