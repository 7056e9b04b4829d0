import { CLONE_REASON } from '../apart-rules.js';
import type { AppendOutcome, LogItem, LogWriter } from '../log-store.js';
import { rowsOf, transact, type Client, type Pool } from './database.js';
import { insertEntries } from './entries.js';
import { keepApart, type Apart } from './kept-apart.js';
import type { OriginName, Origins } from './origins.js';
import type { StoredRanges } from './stored-ranges.js';

const DAY_MS = 86_400_000;

export interface AppenderDeps {
  readonly pool: Pool;
  readonly origins: Origins;
  readonly ranges: StoredRanges;
  /** Makes the partitions for these times of receipt. */
  readonly months: (receivedAt: Iterable<number>) => Promise<void>;
}

type BatchItem = Extract<LogItem, { type: 'batch' }>;
type DirectoryItem = Extract<LogItem, { type: 'directory' }>;

/** What may become an entry, at the position that it has if it does. */
interface Placed<Item extends BatchItem | DirectoryItem> {
  readonly item: Item;
  readonly position: number;
}
interface PlacedBatch extends Placed<BatchItem> {
  readonly origin: number;
}

const isEntry = (item: LogItem): item is BatchItem | DirectoryItem =>
  item.type === 'directory' || (item.type === 'batch' && item.refused === undefined);

/**
 * Appends in one transaction. Two writers wait for each other only where they bring the same key: tables are written in one
 * order (keys, directories, kept apart, duplicates, entries, ranges) and each in the order of its key, so that none waits
 * for another that waits for it.
 */
export const createBatchAppender =
  ({ pool, origins, ranges, months }: AppenderDeps): LogWriter['append'] =>
  async (offered) => {
    if (offered.length === 0) return [];
    // the same object may be offered twice, and each has an outcome of its own
    const items = offered.map((item) => ({ ...item }));
    const batches = items.filter((item) => item.type === 'batch');
    const originOf = await origins.numbered(batches);
    await months(new Set(batches.filter(isEntry).map(({ receivedAt }) => receivedAt)));
    const outcomes = await transact(pool, (client) => appendAll(client, ranges, items, originOf));
    // ranges that stay apart are as true: the next append tries again
    void ranges.join().catch(() => undefined);
    return outcomes;
  };

const appendAll = async (
  client: Client,
  ranges: StoredRanges,
  items: readonly LogItem[],
  originOf: (name: OriginName) => number,
): Promise<readonly AppendOutcome[]> => {
  const outcomes = new Map<LogItem, AppendOutcome>();
  const entries = items.filter(isEntry);
  const first = entries.length === 0 ? 0 : await allot(client, entries.length);
  const batches: PlacedBatch[] = [];
  const refused: PlacedBatch[] = [];
  const directories: Placed<DirectoryItem>[] = [];
  let position = first;
  for (const item of items) {
    if (item.type === 'batch' && item.refused !== undefined) {
      refused.push({ item, position, origin: originOf(item) });
    }
    if (!isEntry(item)) continue;
    if (item.type === 'batch') batches.push({ item, position, origin: originOf(item) });
    else directories.push({ item, position });
    position += 1;
  }
  const keys = await insertKeys(client, batches, refused);
  const stored = [...keys.stored, ...(await insertDirectoryKeys(client, directories))];
  const apart = apartOf(items, keys, originOf);
  const kept = await keepApart(client, [...apart.values()]);
  await countDuplicates(client, keys.duplicates);
  await insertEntries(
    client,
    stored.map(({ item, position }) => ({ ...item, position })),
  );
  if (keys.stored.length > 0) await ranges.add(client, seqsOf(keys.stored));

  for (const { item } of stored) outcomes.set(item, 'stored');
  for (const [item, message] of apart) {
    outcomes.set(item, kept.get(message) !== true ? 'no-room' : message.clone ? 'clone' : 'quarantined');
  }
  return items.map((item) => outcomes.get(item) ?? 'duplicate');
};

const allot = async (client: Client, count: number): Promise<number> => {
  const [row] = await rowsOf<{ first: number }>(client, 'select allot($1) as first', [count]);
  if (row === undefined) throw new RangeError('no positions were allotted');
  return row.first;
};

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const keyOf = ({ origin, seq }: { readonly origin: number; readonly seq: number }): string =>
  `${origin}/${seq}`;

interface KeyFates {
  readonly stored: readonly PlacedBatch[];
  readonly duplicates: readonly PlacedBatch[];
  readonly clones: ReadonlySet<LogItem>;
}

/** Waits where another writer brings the same key, until that has committed or not. */
const insertKeys = async (
  client: Client,
  batches: readonly PlacedBatch[],
  refused: readonly PlacedBatch[],
): Promise<KeyFates> => {
  const inserted = await rowsOf<{ position: number }>(
    client,
    `insert into batch_key (origin, seq, hash, position)
     select * from unnest($1::integer[], $2::bigint[], $3::bytea[], $4::bigint[])
       as k (origin, seq, hash, position) order by origin, seq, position
     on conflict do nothing returning position`,
    [
      batches.map(({ origin }) => origin),
      batches.map(({ item }) => item.seq),
      batches.map(({ item }) => Buffer.from(item.hash)),
      batches.map(({ position }) => position),
    ],
  );
  const positions = new Set(inserted.map(({ position }) => position));
  const stored = batches.filter(({ position }) => positions.has(position));
  const known = batches.filter(({ position }) => !positions.has(position));
  if (known.length + refused.length === 0) return { stored, duplicates: [], clones: new Set() };
  const keys = await keysOf(client, [...known, ...refused]);
  const isSame = ({ origin, item }: PlacedBatch): boolean =>
    keys.get(keyOf({ origin, seq: item.seq }))?.hash === hexOf(item.hash);
  /** Of the same call, only what comes before it was stored when it came; without any, all that is there. */
  const wasThere = ({ origin, item, position }: PlacedBatch): boolean =>
    batches.length === 0 || (keys.get(keyOf({ origin, seq: item.seq }))?.position ?? 0) < position;
  return {
    stored,
    duplicates: [...known.filter(isSame), ...refused.filter((batch) => isSame(batch) && wasThere(batch))],
    clones: new Set(known.filter((batch) => !isSame(batch)).map(({ item }) => item)),
  };
};

const keysOf = async (
  client: Client,
  batches: readonly PlacedBatch[],
): Promise<ReadonlyMap<string, { readonly hash: string; readonly position: number }>> => {
  const rows = await rowsOf<{ origin: number; seq: number; hash: Buffer; position: number }>(
    client,
    `select origin, seq, hash, position from batch_key
     join unnest($1::integer[], $2::bigint[]) as k (origin, seq) using (origin, seq)`,
    [batches.map(({ origin }) => origin), batches.map(({ item }) => item.seq)],
  );
  return new Map(rows.map((row) => [keyOf(row), { hash: hexOf(row.hash), position: row.position }]));
};

const insertDirectoryKeys = async (
  client: Client,
  directories: readonly Placed<DirectoryItem>[],
): Promise<readonly Placed<DirectoryItem>[]> => {
  if (directories.length === 0) return [];
  const inserted = await rowsOf<{ position: number }>(
    client,
    `insert into directory_key (source, hash, position)
     select * from unnest($1::text[], $2::bytea[], $3::bigint[]) as k (source, hash, position)
     order by source, hash, position on conflict do nothing returning position`,
    [
      directories.map(({ item }) => item.source),
      directories.map(({ item }) => Buffer.from(item.hash)),
      directories.map(({ position }) => position),
    ],
  );
  const positions = new Set(inserted.map(({ position }) => position));
  return directories.filter(({ position }) => positions.has(position));
};

/** What is to be kept apart, by item: what the door refused is no proof of a copied card, whatever has its number. */
const apartOf = (
  items: readonly LogItem[],
  { duplicates, clones }: KeyFates,
  originOf: (name: OriginName) => number,
): ReadonlyMap<LogItem, Apart> => {
  const apart = new Map<LogItem, Apart>();
  const known = new Set<LogItem>(duplicates.map(({ item }) => item));
  for (const item of items) {
    if (known.has(item)) continue;
    if (item.type === 'unreadable') apart.set(item, { ...item, clone: false, reason: item.refused });
    if (item.type !== 'batch') continue;
    const origin = originOf(item);
    if (item.refused !== undefined) apart.set(item, { ...item, origin, clone: false, reason: item.refused });
    else if (clones.has(item)) apart.set(item, { ...item, origin, clone: true, reason: CLONE_REASON });
  }
  return apart;
};

const countDuplicates = async (client: Client, batches: readonly PlacedBatch[]): Promise<void> => {
  if (batches.length === 0) return;
  await client.query(
    `insert into duplicate (origin, day, count)
     select origin, day, count(*) from unnest($1::integer[], $2::integer[]) as d (origin, day)
     group by origin, day order by origin, day
     on conflict (origin, day) do update set count = duplicate.count + excluded.count`,
    [
      batches.map(({ origin }) => origin),
      batches.map(({ item }) => Math.floor((item.firstTime ?? item.receivedAt) / DAY_MS)),
    ],
  );
};

const seqsOf = (batches: readonly PlacedBatch[]): ReadonlyMap<number, readonly number[]> => {
  const seqs = new Map<number, number[]>();
  for (const { origin, item } of batches) {
    const own = seqs.get(origin);
    if (own === undefined) seqs.set(origin, [item.seq]);
    else own.push(item.seq);
  }
  return seqs;
};
