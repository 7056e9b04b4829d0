import { subjectKey } from '../subject.js';
import type { AuditRecord } from './content.js';

/** Refusals of one kind that are recorded one by one within `WINDOW_MS`; further ones are counted together. */
export const SINGLE = 10;
export const WINDOW_MS = 60_000;
/** Kinds that are told apart; beyond, whatever is refused is one kind. */
const MAX_KINDS = 5000;

interface Kind {
  readonly since: number;
  seen: number;
  /** The last one that was not recorded, and how many were not. */
  last: AuditRecord | undefined;
  unrecorded: number;
}

export interface Refusals {
  record(refused: AuditRecord): void;
  /** Records what was only counted, of windows that have ended; with `all` of every window. */
  flush(all?: boolean): void;
}

/**
 * Whoever is refused a million times must not fill the disk, and must not go unseen: of the same subject, action and
 * address the first few a minute are recorded each, the others as one entry with their count.
 */
export const createRefusals = (record: (refused: AuditRecord) => void, now: () => number): Refusals => {
  const kinds = new Map<string, Kind>();
  const flush = (all = false): void => {
    for (const [key, kind] of kinds) {
      if (!all && now() - kind.since < WINDOW_MS) break;
      kinds.delete(key);
      if (kind.last !== undefined) record({ ...kind.last, count: kind.unrecorded });
    }
  };
  return {
    flush,
    record: (refused) => {
      flush();
      const named = JSON.stringify([
        subjectKey(refused.subject),
        refused.action,
        refused.from,
        refused.reason,
      ]);
      const key = kinds.has(named) || kinds.size < MAX_KINDS ? named : '';
      const kind = kinds.get(key) ?? { since: now(), seen: 0, last: undefined, unrecorded: 0 };
      kinds.set(key, kind);
      kind.seen += 1;
      if (kind.seen <= SINGLE) return record(refused);
      kind.last = refused;
      kind.unrecorded += 1;
    },
  };
};
