import { ENTRY_TYPES } from '../entry-types.js';
import type { Erased, ErasedBatch, LogEntry, LogReader, StoredKey } from '../log-store.js';
import { openPool, rowsOf, type Pool } from './database.js';
import { createKeptApartQueries } from './kept-apart.js';

interface EntryRow {
  readonly position: number;
  readonly type: number;
  readonly source: string;
  readonly receivedAt: number;
  readonly message: Buffer;
}

const CONNECTIONS = 2;

/** What was committed before the oldest transaction still running began: none of that can come after it any more. */
const SETTLED = 'tx < pg_snapshot_xmin(pg_current_snapshot())';

/** Opens a log whose schema is there for reading. */
export const openLogReader = (url: string): LogReader => {
  const pool = openPool({ url, connections: CONNECTIONS });
  return {
    read: async (position, limit, maxBytes) => {
      const rows = await rowsOf<EntryRow>(
        pool,
        `select position, type, source, received_at as "receivedAt", message from (
           select *, sum(length(message)) over (order by position) - length(message) as before from (
             select * from entry where position > $1 and ${SETTLED} order by position limit $2
           ) as next
         ) as sized where before < $3 order by position`,
        [position, limit, maxBytes],
      );
      return rows.map((row): LogEntry => {
        const type = ENTRY_TYPES[row.type];
        if (type === undefined) throw new TypeError(`log entry ${row.position} has unknown type ${row.type}`);
        return { ...row, type };
      });
    },
    head: async () => {
      const [row] = await rowsOf<{ position: number }>(
        pool,
        `select position from entry where ${SETTLED} order by position desc limit 1`,
      );
      return row?.position ?? 0;
    },
    directory: async (source, hash) => {
      const [row] = await rowsOf<{ message: Buffer }>(
        pool,
        `select e.message from directory_key k join entry e on e.position = k.position and e.type = 1
         where k.source = $1 and k.hash = $2`,
        [source, hash],
      );
      return row?.message;
    },
    erased: (pointId, from, to) =>
      rowsOf<ErasedBatch>(
        pool,
        `select source, epoch, seq, first_time as "firstTime", last_time as "lastTime", readings, windows,
           erased_at as "erasedAt", before, after, others
         from erasure where point = $1 and last_time >= $2 and first_time < $3 order by position, erased_at`,
        [pointId, from, to],
      ),
    erasedAfter: async (number) => {
      // one statement, one snapshot
      const [row] = await rowsOf<Erased>(
        pool,
        `select coalesce((select max(number) from erasure), 0) as number,
           array(select source from erasure where number > $1 group by source order by source collate "C") as sources`,
        [number],
      );
      return row ?? { number: 0, sources: [] };
    },
    keys: createKeyQuery(pool),
    ...createKeptApartQueries(pool),
    close: () => pool.end(),
  };
};

const createKeyQuery =
  (pool: Pool): LogReader['keys'] =>
  async (batches) => {
    const rows = await rowsOf<StoredKey & { place: number }>(
      pool,
      `select a.place, k.position, k.hash
       from unnest($1::text[], $2::text[], $3::bigint[]) with ordinality as a (source, epoch, seq, place)
       join origin o using (source, epoch) join batch_key k on k.origin = o.number and k.seq = a.seq`,
      [batches.map(({ source }) => source), batches.map(({ epoch }) => epoch), batches.map(({ seq }) => seq)],
    );
    const found = new Map(rows.map(({ place, ...key }) => [place, key]));
    return batches.map((_, index) => found.get(index + 1));
  };
