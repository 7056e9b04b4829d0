import type { StoredAuditEntry } from '../../store/audit-store.js';
import type { Action } from '../actions.js';
import { contentHashOf, GENESIS, hashOf } from './chain.js';
import { NO_LEAVES, rootOf, withLeaf } from './hash-tree.js';
import type { TreeHead } from './signed-head.js';

/** Something that is not as it was written. */
export interface Finding {
  readonly organisationId: string;
  /** Number of the entry; absent: of the whole trail. */
  readonly number?: number;
  readonly what: string;
}

export interface Verdict {
  readonly organisationId: string;
  readonly entries: number;
  /** Entries whose content was erased, as a later entry says. */
  readonly erased: number;
  readonly findings: readonly Finding[];
}

/** The action whose entries name those whose content it took. */
export const ERASING: Action = 'erase-person';

/** Findings told of one trail; one that was chained anew would give one an entry. */
const MAX_FINDINGS = 20;

/**
 * Reads a whole trail in the order of its numbers and compares it with itself and with heads that were kept: finds
 * entries that were edited, removed, put elsewhere or added, trails chained anew, and ends cut off. What was written
 * after the newest head is held together by its chain alone.
 */
export const verifyTrail = (
  organisationId: string,
  entries: Iterable<StoredAuditEntry>,
  heads: readonly TreeHead[],
): Verdict => {
  const findings: Finding[] = [];
  const find = (what: string, number?: number): void => {
    if (findings.length >= MAX_FINDINGS) return;
    findings.push({ organisationId, what, ...(number === undefined ? {} : { number }) });
  };
  /** Without content, and not yet named by an erasure. */
  const unexplained = new Set<number>();
  let erased = 0;
  let frontier = NO_LEAVES;
  let previous: Uint8Array = GENESIS;
  const checkHeads = (): void => {
    for (const head of heads) {
      if (head.size !== frontier.size || head.root === hex(rootOf(frontier))) continue;
      find(`the first ${head.size} entries are not those of the head of ${head.time}`);
    }
  };
  checkHeads();
  for (const entry of entries) {
    const fault = faultOf(entry, organisationId, frontier.size, previous);
    if (fault !== undefined) find(fault, entry.number);
    if (entry.content === null) unexplained.add(entry.number);
    else for (const number of erasedBy(entry.content)) if (unexplained.delete(number)) erased += 1;
    previous = entry.hash;
    frontier = withLeaf(frontier, entry.hash);
    checkHeads();
  }
  for (const number of unexplained) find('its content is gone, and no entry tells of its erasure', number);
  for (const { size, time } of heads) {
    if (size <= frontier.size) continue;
    find(`${size - frontier.size} entries are missing at its end: the head of ${time} counts ${size}`);
  }
  return { organisationId, entries: frontier.size, erased, findings };
};

const faultOf = (
  entry: StoredAuditEntry,
  organisationId: string,
  expected: number,
  previous: Uint8Array,
): string | undefined => {
  if (entry.trail !== organisationId) return `it belongs to the trail of ${entry.trail}`;
  if (entry.number !== expected) return `it follows entry ${expected - 1}: entries between are gone or moved`;
  if (entry.content !== null && !sameContent(entry)) return 'what it says is not what was written';
  if (hex(hashOf(entry, previous)) !== hex(entry.hash)) return 'it does not follow from the entry before it';
  return undefined;
};

const sameContent = ({ salt, content, contentHash }: StoredAuditEntry): boolean =>
  salt !== null && content !== null && hex(contentHashOf(salt, content)) === hex(contentHash);

/** Numbers that an entry of an erasure names. */
const erasedBy = (content: string): readonly number[] => {
  if (!content.includes(`"action":"${ERASING}"`)) return [];
  const { after } = JSON.parse(content) as { after: { erasedEntries?: readonly number[] } | null };
  return after?.erasedEntries ?? [];
};

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
