import type { LogEntry } from '../log-store.js';
import type { Client } from './database.js';

/** Inserts entries at their places; they are seen once the transaction is committed and none before it still runs. */
export const insertEntries = async (client: Client, entries: readonly LogEntry[]): Promise<void> => {
  if (entries.length === 0) return;
  await client.query(
    `insert into entry (position, type, source, received_at, message)
     select * from unnest($1::bigint[], $2::smallint[], $3::text[], $4::bigint[], $5::bytea[])`,
    [
      entries.map(({ position }) => position),
      entries.map(({ type }) => (type === 'batch' ? 0 : 1)),
      entries.map(({ source }) => source),
      entries.map(({ receivedAt }) => receivedAt),
      entries.map(({ message }) => Buffer.from(message)),
    ],
  );
};
