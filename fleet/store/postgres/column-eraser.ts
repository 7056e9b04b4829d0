import { createHash } from 'node:crypto';
import { StoreError } from '../errors.js';
import type { Erasure, LogWriter } from '../log-store.js';
import { rowsOf, transact, type Client, type Pool } from './database.js';
import { ERASURE_LOCK } from './log-schema.js';

const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

/** Erasing in the log. What the server keeps of replaced rows until they are vacuumed is not its to say: see the README. */
export const createColumnEraser =
  (pool: Pool): LogWriter['eraseColumns'] =>
  (erasures) =>
    transact(pool, async (client) => {
      // held until all is committed: whoever has seen a number can miss no lower one
      await client.query('select pg_advisory_xact_lock($1)', [ERASURE_LOCK]);
      for (const erasure of erasures.toSorted((a, b) => a.position - b.position))
        await eraseOne(client, erasure);
    });

const eraseOne = async (client: Client, { message, ...erasure }: Erasure): Promise<void> => {
  const [found] = await rowsOf<{ message: Buffer }>(
    client,
    'select message from entry where position = $1 and type = 0 for update',
    [erasure.position],
  );
  if (found === undefined || !sha256(found.message).equals(erasure.before)) {
    throw new StoreError(
      'changed-since',
      `The log's entry ${erasure.position} is not the one that was read.`,
    );
  }
  await client.query('update entry set message = $2 where position = $1 and type = 0', [
    erasure.position,
    Buffer.from(message),
  ]);
  await client.query(
    `insert into erasure (point, position, source, epoch, seq, first_time, last_time, readings, windows,
       erased_at, before, after, others) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
    [
      erasure.pointId,
      erasure.position,
      erasure.source,
      erasure.epoch,
      erasure.seq,
      erasure.firstTime,
      erasure.lastTime,
      erasure.readings,
      erasure.windows,
      erasure.erasedAt,
      Buffer.from(erasure.before),
      Buffer.from(erasure.after),
      JSON.stringify(erasure.others),
    ],
  );
};
