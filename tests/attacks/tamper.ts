import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { createAuditTrail } from '../../fleet/access/audit/audit-trail.js';
import { contentHashOf, GENESIS, hashOf } from '../../fleet/access/audit/chain.js';
import type { AuditRecord } from '../../fleet/access/audit/content.js';
import { createHeads } from '../../fleet/access/audit/heads.js';
import { entriesOf } from '../../fleet/access/audit/read-entries.js';
import { openHead, type TreeHead } from '../../fleet/access/audit/signed-head.js';
import { verifyTrail } from '../../fleet/access/audit/verify-trail.js';
import { createOrganisationTree } from '../../fleet/access/organisation-tree.js';
import { openAuthority } from '../../fleet/registry/authority/authority.js';
import { newId } from '../../fleet/registry/new-id.js';
import type { StoredAuditEntry } from '../../fleet/store/audit-store.js';
import { openRegistryStore } from '../../fleet/store/sqlite/registry-store.js';
import type { Attack, AttackSettings } from './attack.js';
import { createRandom } from './random.js';

const ENTRIES = 200;
const TRAIL = 'org';

const recordOf = (number: number): AuditRecord => ({
  subject: { type: 'person', id: `p${number % 7}`, name: 'Paul', organisationId: TRAIL, role: 'owner' },
  action: 'recall-readings',
  resource: { type: 'gateway', id: `g${number % 11}`, organisationId: TRAIL },
  after: { number },
  from: '192.0.2.1',
  outcome: 'done',
});

interface Kept {
  readonly entries: readonly StoredAuditEntry[];
  readonly heads: readonly TreeHead[];
}

/** A trail as the fleet writes it, and two heads of it that an organisation kept. */
const writeTrail = async (folder: string): Promise<Kept> => {
  const registry = openRegistryStore(join(folder, 'registry.db'), { newId });
  const { audit: store } = registry;
  try {
    const tree = createOrganisationTree([]);
    const audit = createAuditTrail({ store, tree: () => tree, now: Date.now, random: randomBytes });
    const authority = await openAuthority(join(folder, 'authority'), { now: Date.now });
    const signer = await authority.issueDocumentSigner({ name: 'Terroir audit' });
    const heads = createHeads({ store, signer, now: Date.now });
    const kept: TreeHead[] = [];
    for (let number = 0; number < ENTRIES; number += 1) {
      audit.record(recordOf(number));
      if (number !== ENTRIES >> 1 && number !== ENTRIES - 1) continue;
      kept.push(...heads([TRAIL]).map(({ jws }) => openHead(jws, authority.rootPem)));
    }
    return { entries: [...entriesOf(store, TRAIL)], heads: kept };
  } finally {
    registry.close();
  }
};

type Below = (limit: number) => number;
type Tampering = (entries: readonly StoredAuditEntry[], below: Below) => StoredAuditEntry[];

const chained = (entries: readonly StoredAuditEntry[]): StoredAuditEntry[] => {
  let previous: Uint8Array = GENESIS;
  return entries.map((entry, number) => {
    const { salt, content } = entry;
    const contentHash = salt === null || content === null ? entry.contentHash : contentHashOf(salt, content);
    const made = { ...entry, number, contentHash };
    previous = hashOf(made, previous);
    return { ...made, hash: previous };
  });
};

const edited = (entry: StoredAuditEntry, below: Below): StoredAuditEntry => {
  const other = Uint8Array.from(randomBytes(32));
  switch (below(6)) {
    case 0:
      return { ...entry, content: (entry.content ?? '').replace('Paul', 'Anna') };
    case 1:
      return { ...entry, at: entry.at + 1 };
    case 2:
      return { ...entry, salt: other };
    case 3:
      return { ...entry, hash: other };
    case 4:
      return { ...entry, contentHash: other };
    default:
      return { ...entry, content: null, salt: null };
  }
};

const replaced = (
  entries: readonly StoredAuditEntry[],
  at: number,
  by: (entry: StoredAuditEntry) => StoredAuditEntry,
) => entries.map((entry, index) => (index === at ? by(entry) : entry));

const swapped = (entries: readonly StoredAuditEntry[], below: Below): StoredAuditEntry[] => {
  const made = [...entries];
  const first = below(made.length - 1);
  const [one, other] = [made[first], made[first + 1]];
  if (one !== undefined && other !== undefined) made.splice(first, 2, other, one);
  return made;
};

/** Each way of changing a trail after the fact; those that chain anew leave no fault in the chain itself. */
const TAMPERINGS: Readonly<Record<string, Tampering>> = {
  edit: (entries, below) => replaced(entries, below(entries.length), (entry) => edited(entry, below)),
  remove: (entries, below) => entries.toSpliced(below(entries.length), 1 + below(3)),
  reorder: swapped,
  'renumber after removal': (entries, below) =>
    entries.toSpliced(below(entries.length), 1).map((entry, number) => ({ ...entry, number })),
  'edit and chain anew': (entries, below) =>
    chained(replaced(entries, below(entries.length), (entry) => ({ ...entry, content: '{"forged":true}' }))),
  'remove and chain anew': (entries, below) => chained(entries.toSpliced(below(entries.length), 1)),
  'reorder and chain anew': (entries, below) => chained(swapped(entries, below)),
  insert: (entries, below) => {
    const at = below(entries.length);
    const [copy] = entries.slice(at);
    return copy === undefined ? [] : chained(entries.toSpliced(at, 0, { ...copy, at: copy.at + 1 }));
  },
  'cut the end off': (entries, below) => entries.slice(0, entries.length - 1 - below(entries.length - 1)),
  'remove all': () => [],
};

const run = async ({ folder, count, seed, progress }: AttackSettings) => {
  const { entries, heads } = await writeTrail(folder);
  const random = createRandom(seed);
  const below: Below = (limit) => random.below(limit);
  const faults: string[] = [];
  const whole = verifyTrail(TRAIL, entries, heads);
  for (const { what } of whole.findings) faults.push(`an untouched trail is said to be changed: ${what}`);
  const ways = Object.entries(TAMPERINGS);
  for (let done = 0; done < count; done += 1) {
    const [name, tamper] = ways[done % ways.length] ?? [];
    if (name === undefined || tamper === undefined) continue;
    if (verifyTrail(TRAIL, tamper(entries, below), heads).findings.length === 0) {
      faults.push(`not found: ${name} (number ${done} of seed ${seed})`);
    }
    if (done % 500 === 499) progress(done + 1, `${faults.length} not found`);
  }
  return { faults, figures: { tamperings: count, entries: entries.length, heads: heads.length } };
};

export const tamper: Attack = {
  tries: 'edits, removals, moves, insertions, cuts of an audit trail, chained anew or not',
  count: 1000,
  run,
};
