import type { Kind, ValueType } from '#wire/terms.js';
import type { PointMeta, StoredDirectory, ViewsStep, ViewsWriter } from '../views-writer.js';
import type { AtOnce } from './at-once.js';
import type { Database } from './database.js';

interface PointRow {
  readonly number: number;
  readonly point: number;
  readonly kind: Kind;
  readonly valueType: ValueType;
  readonly intervalMs: number;
  readonly maxHoldMs: number;
  readonly rollover: number | null;
  readonly windows: string;
  readonly timeZone: string;
}

type DirectoryPart = AtOnce<Pick<ViewsWriter, 'directory' | 'hasUnseen' | 'ready'>> & {
  putDirectories(step: Pick<ViewsStep, 'directory' | 'waiting' | 'released'>): void;
};

/** Directories as the registry resolved them, and the batches that wait for one. */
export const createDirectoryTables = (database: Database): DirectoryPart => {
  const known = database.prepare<[string, string], { number: number; fault: string | null }>(
    'select number, fault from directory where source = ? and hash = ? and seen = 1',
  );
  const points = database.prepare<[number], PointRow>(
    `select number, point, kind, value_type as valueType, interval_ms as intervalMs,
       max_hold_ms as maxHoldMs, rollover, windows, time_zone as timeZone
     from directory_point where directory = ?`,
  );
  const unseen = database.prepare('select 1 from directory where source = ? and hash = ? and seen = 0');
  const see = database.prepare('update directory set seen = 1 where source = ? and hash = ?');
  const ready = database.prepare<[number], { position: number }>(
    `select w.position from waiting w
     join directory d on d.source = w.source and d.hash = w.directory and d.seen = 1
     order by w.position limit +?`,
  );
  const wait = database.prepare('insert into waiting (position, source, directory) values (?, ?, ?)');
  const add = createDirectoryInsert(database);
  const release = database.prepare('delete from waiting where position = ?');

  return {
    directory: (source, hash): StoredDirectory | undefined => {
      const row = known.get(source, hash);
      if (row === undefined) return undefined;
      if (row.fault !== null) return { fault: row.fault };
      return { points: new Map(points.all(row.number).map((point) => [point.number, metaOf(point)])) };
    },
    hasUnseen: (source, hash) => unseen.get(source, hash) !== undefined,
    ready: (limit) => ready.all(limit).map((row) => row.position),
    putDirectories: ({ directory, waiting, released }) => {
      if (directory?.content === 'seen') see.run(directory.source, directory.hash);
      else if (directory !== undefined) add(directory.source, directory.hash, directory.content);
      for (const batch of waiting) wait.run(batch.position, batch.source, batch.directory);
      for (const position of released) release.run(position);
    },
  };
};

const createDirectoryInsert = (database: Database) => {
  const add = database.prepare('insert into directory (source, hash, seen, fault) values (?, ?, 1, ?)');
  const addPoint = database.prepare(
    `insert into directory_point
       (directory, number, point, kind, value_type, interval_ms, max_hold_ms, rollover, windows, time_zone)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  return (source: string, hash: string, directory: StoredDirectory): void => {
    const fault = 'fault' in directory ? directory.fault : null;
    const { lastInsertRowid } = add.run(source, hash, fault);
    if ('fault' in directory) return;
    for (const [number, meta] of directory.points) {
      addPoint.run(
        lastInsertRowid,
        number,
        meta.point,
        meta.kind,
        meta.valueType,
        meta.intervalMs,
        meta.maxHoldMs,
        meta.rollover,
        JSON.stringify(meta.windows),
        meta.timeZone,
      );
    }
  };
};

const metaOf = (row: PointRow): PointMeta => ({
  point: row.point,
  kind: row.kind,
  valueType: row.valueType,
  intervalMs: row.intervalMs,
  maxHoldMs: row.maxHoldMs,
  rollover: row.rollover,
  windows: JSON.parse(row.windows) as number[],
  timeZone: row.timeZone,
});
