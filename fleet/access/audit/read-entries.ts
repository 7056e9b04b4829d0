import { Check } from 'typebox/value';
import type { AuditPlace, AuditSearch, AuditStore, StoredAuditEntry } from '../../store/audit-store.js';
import { AuditError } from './audit-error.js';
import { EXPORTED_ENTRY } from './present-entry.js';

/** Entries read at a time: bounds memory, and gives the event loop back in between. */
const CHUNK = 500;

/** A whole trail, in the order of its numbers. */
export function* entriesOf(store: Pick<AuditStore, 'read'>, trail: string): Generator<StoredAuditEntry> {
  for (const entries of chunksOf(store, trail)) yield* entries;
}

export function* chunksOf(
  store: Pick<AuditStore, 'read'>,
  trail: string,
): Generator<readonly StoredAuditEntry[]> {
  for (let from = 0; ;) {
    const entries = store.read(trail, from, CHUNK);
    const last = entries.at(-1);
    if (last === undefined) return;
    yield entries;
    from = last.number + 1;
  }
}

/** Everything that matches, newest first, in chunks. */
export function* searchAll(
  store: Pick<AuditStore, 'find'>,
  trails: readonly string[],
  search: Omit<AuditSearch, 'limit' | 'before'>,
): Generator<readonly StoredAuditEntry[]> {
  for (let before: AuditPlace | undefined; ;) {
    const place = before === undefined ? {} : { before };
    const entries = store.find(trails, { ...search, ...place, limit: CHUNK });
    const last = entries.at(-1);
    if (last === undefined) return;
    yield entries;
    before = { at: last.at, trail: last.trail, number: last.number };
  }
}

/** The entries of an export, one a line. Throws `AuditError` `bad-entries` naming the line. */
export const parseEntries = (text: string): StoredAuditEntry[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line, index) => {
      const value = parse(line);
      if (!Check(EXPORTED_ENTRY, value)) {
        throw new AuditError('bad-entries', `Line ${index + 1} is no entry of an export of an audit trail.`);
      }
      const { trail, number, at, contentHash, hash, salt, content } = value;
      return {
        trail,
        number,
        at,
        content,
        contentHash: Buffer.from(contentHash, 'hex'),
        hash: Buffer.from(hash, 'hex'),
        salt: salt === null ? null : Buffer.from(salt, 'hex'),
      };
    });

const parse = (line: string): unknown => {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
};
