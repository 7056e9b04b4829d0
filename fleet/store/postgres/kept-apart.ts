import { KEPT_APART_BYTES, KEPT_APART_MESSAGES } from '../apart-rules.js';
import type { KeptApart, LogReader } from '../log-store.js';
import { rowsOf, type Client, type Pool } from './database.js';

/** A message to be kept apart; `origin` and `seq` are absent where not even its number could be read. */
export interface Apart {
  readonly source: string;
  readonly origin?: number;
  readonly seq?: number;
  readonly hash: Uint8Array;
  readonly clone: boolean;
  readonly reason: string;
  readonly receivedAt: number;
  readonly message: Uint8Array;
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/**
 * Keeps messages apart within the room of their sources, and gives for each whether it is kept; the same bytes are kept
 * once. Sources are taken in their order, each under a lock: two writers do not overfill one.
 */
export const keepApart = async (
  client: Client,
  items: readonly Apart[],
): Promise<ReadonlyMap<Apart, boolean>> => {
  const bySource = new Map<string, Apart[]>();
  for (const item of items) {
    const own = bySource.get(item.source);
    if (own === undefined) bySource.set(item.source, [item]);
    else own.push(item);
  }
  const kept = new Map<Apart, boolean>();
  for (const [source, own] of [...bySource].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    await keepOfSource(client, source, own, kept);
  }
  return kept;
};

const keepOfSource = async (
  client: Client,
  source: string,
  items: readonly Apart[],
  kept: Map<Apart, boolean>,
): Promise<void> => {
  await client.query("select pg_advisory_xact_lock(hashtextextended('kept apart ' || $1, 0))", [source]);
  const hashes = await rowsOf<{ hash: Buffer }>(
    client,
    'select hash from kept_apart where source = $1 and hash = any($2::bytea[])',
    [source, items.map(({ hash }) => Buffer.from(hash))],
  );
  const [used] = await rowsOf<{ messages: number; bytes: number }>(
    client,
    `select count(*) as messages, coalesce(sum(length(message)), 0)::bigint as bytes
     from kept_apart where source = $1`,
    [source],
  );
  const known = new Set(hashes.map(({ hash }) => hexOf(hash)));
  let { messages, bytes } = used ?? { messages: 0, bytes: 0 };
  const added: Apart[] = [];
  for (const item of items) {
    const hash = hexOf(item.hash);
    const fits = messages < KEPT_APART_MESSAGES && bytes + item.message.length <= KEPT_APART_BYTES;
    kept.set(item, known.has(hash) || fits);
    if (known.has(hash) || !fits) continue;
    known.add(hash);
    messages += 1;
    bytes += item.message.length;
    added.push(item);
  }
  await insertApart(client, added);
};

const insertApart = async (client: Client, items: readonly Apart[]): Promise<void> => {
  if (items.length === 0) return;
  await client.query(
    `insert into kept_apart (source, origin, seq, hash, clone, reason, received_at, message)
     select * from unnest($1::text[], $2::integer[], $3::bigint[], $4::bytea[], $5::boolean[], $6::text[],
       $7::bigint[], $8::bytea[])`,
    [
      items.map(({ source }) => source),
      items.map(({ origin }) => origin ?? null),
      items.map(({ seq }) => seq ?? null),
      items.map(({ hash }) => Buffer.from(hash)),
      items.map(({ clone }) => clone),
      items.map(({ reason }) => reason),
      items.map(({ receivedAt }) => receivedAt),
      items.map(({ message }) => Buffer.from(message)),
    ],
  );
};

interface ApartRow {
  readonly id: number;
  readonly source: string;
  readonly epoch: string | null;
  readonly seq: number | null;
  readonly clone: boolean;
  readonly reason: string;
  readonly receivedAt: number;
  readonly bytes: number;
}

const keptApartOf = ({ id, epoch, seq, ...row }: ApartRow): KeptApart => ({
  ...row,
  id: String(id),
  ...(epoch === null ? {} : { epoch }),
  ...(seq === null ? {} : { seq }),
});

export const createKeptApartQueries = (pool: Pool): Pick<LogReader, 'keptApart' | 'keptApartMessage'> => ({
  keptApart: async (source, limit) => {
    const rows = await rowsOf<ApartRow>(
      pool,
      `select k.id, k.source, o.epoch, k.seq, k.clone, k.reason, k.received_at as "receivedAt",
         length(k.message) as bytes
       from kept_apart k left join origin o on o.number = k.origin
       where $1::text is null or k.source = $1 order by k.id limit $2`,
      [source ?? null, limit],
    );
    return rows.map(keptApartOf);
  },
  keptApartMessage: async (id) => {
    if (!/^\d{1,15}$/.test(id)) return undefined;
    const [row] = await rowsOf<{ message: Buffer }>(pool, 'select message from kept_apart where id = $1', [
      id,
    ]);
    return row?.message;
  },
});
