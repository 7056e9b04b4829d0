import { StoreError } from '../errors.js';
import type { KeyedEntry, LogWriter } from '../log-store.js';
import type { AppenderDeps } from './append-batches.js';
import { rowsOf, transact, type Client } from './database.js';
import { insertEntries } from './entries.js';

/** Putting entries of another copy of a log in their places. Appends wait until it is done. */
export const createRestorer =
  ({ pool, origins, ranges, months }: AppenderDeps): LogWriter['restore'] =>
  async (entries) => {
    const batches = entries.filter((entry) => entry.type === 'batch');
    const originOf = await origins.numbered(batches);
    await months(new Set(batches.map(({ receivedAt }) => receivedAt)));
    return transact(pool, async (client) => {
      await client.query('lock table batch_key, directory_key, entry in exclusive mode');
      const missing = await missingOf(client, entries);
      const added = missing.filter((entry) => entry.type === 'batch');
      await insertKeys(client, added, originOf);
      await insertDirectoryKeys(client, missing);
      await insertEntries(client, missing);
      const seqs = new Map<number, number[]>();
      for (const entry of added) {
        const origin = originOf(entry);
        seqs.set(origin, [...(seqs.get(origin) ?? []), entry.seq]);
      }
      if (added.length > 0) await ranges.add(client, seqs);
      const last = missing.at(-1)?.position;
      if (last !== undefined) {
        await client.query("select setval('entry_position', greatest(last_value, $1)) from entry_position", [
          last,
        ]);
      }
      return missing.length;
    });
  };

const conflict = (position: number): StoreError =>
  new StoreError(
    'conflict',
    `The log has something else in the place, or under the key, of entry ${position}.`,
  );

/** The entries beyond the newest; those before it must be there as they are. */
const missingOf = async (client: Client, entries: readonly KeyedEntry[]): Promise<readonly KeyedEntry[]> => {
  const [newest] = await rowsOf<{ head: number }>(
    client,
    'select coalesce(max(position), 0) as head from entry',
  );
  const head = newest?.head ?? 0;
  const known = entries.filter(({ position }) => position <= head);
  const rows = await rowsOf<{ position: number; source: string; message: Buffer }>(
    client,
    'select position, source, message from entry where position = any($1::bigint[])',
    [known.map(({ position }) => position)],
  );
  const stored = new Map(rows.map((row) => [row.position, row]));
  for (const { position, source, message } of known) {
    const found = stored.get(position);
    if (found?.source !== source || !found.message.equals(message)) throw conflict(position);
  }
  return entries.filter(({ position }) => position > head);
};

const insertKeys = async (
  client: Client,
  batches: readonly Extract<KeyedEntry, { type: 'batch' }>[],
  originOf: (entry: { readonly source: string; readonly epoch: string }) => number,
): Promise<void> => {
  const inserted = await rowsOf<{ position: number }>(
    client,
    `insert into batch_key (origin, seq, hash, position)
     select * from unnest($1::integer[], $2::bigint[], $3::bytea[], $4::bigint[]) on conflict do nothing
     returning position`,
    [
      batches.map(originOf),
      batches.map(({ seq }) => seq),
      batches.map(({ hash }) => Buffer.from(hash)),
      batches.map(({ position }) => position),
    ],
  );
  requireAll(batches, inserted);
};

const insertDirectoryKeys = async (client: Client, entries: readonly KeyedEntry[]): Promise<void> => {
  const directories = entries.filter(({ type }) => type === 'directory');
  const inserted = await rowsOf<{ position: number }>(
    client,
    `insert into directory_key (source, hash, position)
     select * from unnest($1::text[], $2::bytea[], $3::bigint[]) on conflict do nothing returning position`,
    [
      directories.map(({ source }) => source),
      directories.map(({ hash }) => Buffer.from(hash)),
      directories.map(({ position }) => position),
    ],
  );
  requireAll(directories, inserted);
};

const requireAll = (
  entries: readonly KeyedEntry[],
  inserted: readonly { readonly position: number }[],
): void => {
  const positions = new Set(inserted.map(({ position }) => position));
  const lacking = entries.find(({ position }) => !positions.has(position));
  if (lacking !== undefined) throw conflict(lacking.position);
};
