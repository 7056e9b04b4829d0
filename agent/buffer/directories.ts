import type { StoredDirectory } from './buffer.js';
import type { Database } from './sqlite-database.js';

/** Directories and from which ordinal on each was in use: a batch names the one that its rows were made under. */
export interface Directories {
  /** Uses a directory for all rows from `fromOrdinal` on. */
  use(hash: Uint8Array, bytes: Uint8Array, fromOrdinal: number): void;
  /** Keeps a directory of another file, to be acked like one's own. */
  keep(hash: Uint8Array, bytes: Uint8Array): void;
  current(): Uint8Array | undefined;
  /** Hash of the directory in use at an ordinal, and the last ordinal before the next came into use. */
  at(ordinal: number): { readonly hash: Uint8Array; readonly until: number } | undefined;
  list(wanted: readonly Uint8Array[] | undefined): readonly StoredDirectory[];
  ack(hashes: readonly Uint8Array[]): void;
}

export const createDirectories = (database: Database): Directories => {
  const insert = database.prepare('INSERT INTO directory (hash, bytes) VALUES (?, ?) ON CONFLICT DO NOTHING');
  const inUse = database
    .prepare<[number], Uint8Array>(
      `SELECT hash FROM directoryUse JOIN directory ON number = directory
       WHERE fromOrdinal <= ? ORDER BY fromOrdinal DESC LIMIT 1`,
    )
    .pluck();
  const first = database
    .prepare<[], Uint8Array>(
      'SELECT hash FROM directoryUse JOIN directory ON number = directory ORDER BY fromOrdinal LIMIT 1',
    )
    .pluck();
  const nextUse = database
    .prepare<[number], number | null>('SELECT min(fromOrdinal) FROM directoryUse WHERE fromOrdinal > ?')
    .pluck();
  const beginUse = database.prepare(
    `INSERT INTO directoryUse (fromOrdinal, directory) SELECT ?, number FROM directory WHERE hash = ?
     ON CONFLICT (fromOrdinal) DO UPDATE SET directory = excluded.directory`,
  );
  const unacked = database.prepare<[], StoredDirectory>(
    'SELECT hash, bytes FROM directory WHERE acked = 0 ORDER BY number',
  );
  const byHash = database.prepare<[Uint8Array], StoredDirectory>(
    'SELECT hash, bytes FROM directory WHERE hash = ?',
  );
  const ack = database.prepare('UPDATE directory SET acked = 1 WHERE hash = ?');
  const current = (): Uint8Array | undefined => inUse.get(Number.MAX_SAFE_INTEGER);
  const isCurrent = (hash: Uint8Array): boolean => {
    const used = current();
    return used !== undefined && Buffer.compare(used, hash) === 0;
  };
  return {
    current,
    keep: (hash, bytes) => {
      insert.run(hash, bytes);
    },
    use: (hash, bytes, fromOrdinal) => {
      insert.run(hash, bytes);
      if (!isCurrent(hash)) beginUse.run(fromOrdinal, hash);
    },
    at: (ordinal) => {
      const hash = inUse.get(ordinal) ?? first.get();
      const next = nextUse.get(ordinal);
      return hash === undefined ? undefined : { hash, until: next == null ? Infinity : next - 1 };
    },
    list: (wanted) =>
      wanted === undefined
        ? unacked.all()
        : wanted.flatMap((hash) => {
            const found = byHash.get(hash);
            return found === undefined ? [] : [found];
          }),
    ack: (hashes) => {
      for (const hash of hashes) ack.run(hash);
    },
  };
};
