import { KEPT_APART_BYTES, KEPT_APART_MESSAGES } from '../apart-rules.js';
import type { KeptApart, LogReader } from '../log-store.js';
import type { Database } from './database.js';

/** A message to be kept apart; `origin` and `seq` are absent where not even its number could be read. */
export interface Apart {
  readonly source: string;
  readonly origin?: () => number;
  readonly seq?: number;
  readonly hash: Uint8Array;
  readonly clone: boolean;
  readonly reason: string;
  readonly receivedAt: number;
  readonly message: Uint8Array;
}

/** Gives whether the message is kept; the same bytes are kept once. */
export const createKeepApart = (database: Database): ((apart: Apart) => boolean) => {
  const known = database.prepare('select 1 from kept_apart where source = ? and hash = ?');
  const room = database.prepare<[string], { messages: number; bytes: number }>(
    'select count(*) as messages, ifnull(sum(length(message)), 0) as bytes from kept_apart where source = ?',
  );
  const add = database.prepare(
    `insert into kept_apart (source, origin, seq, hash, clone, reason, received_at, message)
     values (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  return ({ source, origin, seq, hash, clone, reason, receivedAt, message }) => {
    if (known.get(source, hash) !== undefined) return true;
    const used = room.get(source) ?? { messages: 0, bytes: 0 };
    if (used.messages >= KEPT_APART_MESSAGES || used.bytes + message.length > KEPT_APART_BYTES) return false;
    add.run(source, origin?.() ?? null, seq ?? null, hash, clone ? 1 : 0, reason, receivedAt, message);
    return true;
  };
};

interface ApartRow {
  readonly id: number;
  readonly source: string;
  readonly epoch: string | null;
  readonly seq: number | null;
  readonly clone: number;
  readonly reason: string;
  readonly receivedAt: number;
  readonly bytes: number;
}

const keptApartOf = ({ id, epoch, seq, clone, ...row }: ApartRow): KeptApart => ({
  ...row,
  id: String(id),
  clone: clone !== 0,
  ...(epoch === null ? {} : { epoch }),
  ...(seq === null ? {} : { seq }),
});

export const createKeptApartQueries = (
  database: Database,
): Pick<LogReader, 'keptApart' | 'keptApartMessage'> => {
  const listed = database.prepare<[{ source: string | null; limit: number }], ApartRow>(
    `select k.id, k.source, o.epoch, k.seq, k.clone, k.reason, k.received_at as receivedAt,
       length(k.message) as bytes
     from kept_apart k left join origin o on o.number = k.origin
     where @source is null or k.source = @source order by k.id limit +@limit`,
  );
  const message = database.prepare<[number], { message: Buffer }>(
    'select message from kept_apart where id = ?',
  );
  return {
    keptApart: async (source, limit) => listed.all({ source: source ?? null, limit }).map(keptApartOf),
    keptApartMessage: async (id) => message.get(Number(id))?.message,
  };
};
