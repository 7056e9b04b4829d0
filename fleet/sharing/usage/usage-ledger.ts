import { appendedAfter, SALT_BYTES } from '../../access/audit/chain.js';
import { isMember, type Subject } from '../../access/subject.js';
import type { AuditNewest } from '../../store/audit-store.js';
import { HOUR } from '../../store/periods.js';
import { usageTrail, type Usage, type UsageStore, type Use } from '../../store/usage-store.js';
import type { LegalBodies } from '../legal-bodies.js';
import type { Scope } from '../scope.js';
import type { Placed } from '../selection.js';
import { creditsOf, type SeriesRead } from './credit.js';

/** Between two writings: what a power cut may take of the ledger at most. */
export const FLUSH_MS = 1_000;
/** Uses held in memory while they cannot be written; beyond, they are no longer told apart by person and key. */
const MAX_HELD = 20_000;

/** Who reads, and what for. */
export interface Reader {
  readonly subject: Subject;
  readonly purpose: string | null;
  readonly scope: Scope;
}

/** What one answer gives, part by part. */
export type NoteRead = (read: SeriesRead) => void;

/** Who used whose data for what: each read of what others give, by hour. */
export interface UsageLedger {
  /** Begins an answer. Noting never waits: it is counted in memory, and written with the next flush. */
  answer(reader: Reader): NoteRead;
  /** Writes what was counted, and chains the hours that have ended. What cannot be written stays counted. */
  flush(): void;
  /** The last flush; nothing is written by itself any more. */
  close(): void;
}

export interface UsageLedgerDeps {
  readonly store: Pick<UsageStore, 'count' | 'seal'>;
  readonly placements: (pointId: string) => readonly Placed[];
  readonly bodies: () => LegalBodies;
  /** UTC ms. */
  readonly now: () => number;
  readonly random: (bytes: number) => Uint8Array;
  readonly every: (ms: number, callback: () => void) => () => void;
  readonly failed: (error: unknown) => void;
}

interface Held {
  readonly hour: number;
  readonly use: Use;
  readonly reads: number;
  readonly readings: number;
}

export const createUsageLedger = (deps: UsageLedgerDeps): UsageLedger => {
  const { store, bodies, now, failed } = deps;
  let held = new Map<string, Held>();
  /** Hours before this one are chained; what a service left open is at the start. */
  let sealedTo: number | undefined;
  /** Of the points read since the last flush. */
  const places = new Map<string, readonly Placed[]>();
  const placesOf = (pointId: string): readonly Placed[] => {
    const known = places.get(pointId) ?? deps.placements(pointId);
    places.set(pointId, known);
    return known;
  };
  const add = (told: Use, reads: number, readings: number): void => {
    const hour = hourOf(now());
    const use = held.size < MAX_HELD ? told : { ...told, subject: null };
    const key = JSON.stringify([hour, use]);
    const known = held.get(key) ?? { hour, use, reads: 0, readings: 0 };
    held.set(key, { ...known, reads: known.reads + reads, readings: known.readings + readings });
  };
  const write = (): void => {
    places.clear();
    const usages = [...held.values()].map(({ use, ...volume }): Usage => ({ ...use, ...volume }));
    if (usages.length > 0) store.count(usages);
    held = new Map();
    const hour = hourOf(now());
    if (hour === sealedTo) return;
    store.seal(hour, (usage) => chained(usage, deps));
    sealedTo = hour;
  };
  const flush = (): void => {
    try {
      write();
    } catch (error) {
      failed(error);
    }
  };
  const stop = deps.every(FLUSH_MS, flush);
  return {
    answer: ({ subject, purpose, scope }) => {
      if (scope.shared.length === 0) return () => undefined;
      const reader = isMember(subject) ? bodies().bodyOf(subject.organisationId) : null;
      const who = isMember(subject) ? { type: subject.type, id: subject.id } : null;
      const seen = new Set<object>();
      return (read) => {
        for (const [grant, readings] of creditsOf(scope, placesOf(read.pointId), read, now())) {
          const { giver, ...credit } = grant.credit;
          add({ giver, reader, subject: who, ...credit, purpose }, seen.has(grant) ? 0 : 1, readings);
          seen.add(grant);
        }
      };
    },
    flush,
    close: () => {
      stop();
      flush();
    },
  };
};

const hourOf = (time: number): number => Math.floor(time / HOUR) * HOUR;

const chained = (usage: Usage, { now, random }: Pick<UsageLedgerDeps, 'now' | 'random'>) => {
  const trail = usageTrail(usage.giver);
  const draft = { trail, at: now(), salt: random(SALT_BYTES), content: JSON.stringify(usage) };
  return { trail, make: (newest: AuditNewest | undefined) => appendedAfter(newest, draft) };
};
