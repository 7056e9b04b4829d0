import type { AuditAppended, AuditNewest, StoredAuditEntry, TrailStore } from '../audit-store.js';
import type { Database } from './database.js';

/**
 * Tables of trails of one name: entries that are appended and never changed, what they say beside them, and the roots
 * of their hash trees. `columns` are made of the content when they are read: there is no second place to tamper with.
 */
export const trailSchema = (name: string, columns: string): string => `
create table if not exists ${name}_entry (
  trail text not null, number integer not null, at integer not null, content_hash blob not null,
  hash blob not null, primary key (trail, number)
) strict, without rowid;
-- made of the entries, so that a head need not read them all; what verifies a trail does not trust it
create table if not exists ${name}_frontier (trail text primary key, peaks blob not null) strict, without rowid;
create index if not exists ${name}_entry_at on ${name}_entry (at);
create trigger if not exists ${name}_entry_stays before delete on ${name}_entry begin
  select raise(abort, '${name} entries are never removed'); end;
create trigger if not exists ${name}_entry_is_final before update on ${name}_entry begin
  select raise(abort, '${name} entries are never changed'); end;
create table if not exists ${name}_content (
  trail text not null, number integer not null, salt blob, content text,
  ${columns},
  primary key (trail, number)
) strict, without rowid;
create trigger if not exists ${name}_content_stays before delete on ${name}_content begin
  select raise(abort, '${name} entries are never removed'); end;
create trigger if not exists ${name}_content_is_final before update on ${name}_content
  when new.content is not null or new.salt is not null or new.trail <> old.trail or new.number <> old.number begin
  select raise(abort, '${name} entries are erased, never changed'); end;
`;

export const ENTRY_COLUMNS =
  'e.trail, e.number, e.at, e.content_hash as contentHash, e.hash, c.salt, c.content';
export const entryTables = (name: string): string =>
  `${name}_entry e join ${name}_content c on c.trail = e.trail and c.number = e.number`;

/** Trails over the tables of `trailSchema`. */
export const createTrailTables = (database: Database, name: string): TrailStore => {
  const newest = database.prepare<[string], AuditNewest>(
    `select e.number, e.hash, f.peaks from ${name}_entry e join ${name}_frontier f on f.trail = e.trail
     where e.trail = ? order by e.number desc limit 1`,
  );
  const trails = database.prepare<[], string>(`select trail from ${name}_frontier order by trail`).pluck();
  const read = database.prepare<[string, number, number], StoredAuditEntry>(
    `select ${ENTRY_COLUMNS} from ${entryTables(name)} where e.trail = ? and e.number >= ? order by e.number limit +?`,
  );
  return {
    append: createAppend(database, name, (trail) => newest.get(trail)),
    trails: () => trails.all(),
    newest: (trail) => newest.get(trail),
    read: (trail, from, limit) => read.all(trail, from, limit),
  };
};

const createAppend = (
  database: Database,
  name: string,
  newest: (trail: string) => AuditNewest | undefined,
): TrailStore['append'] => {
  const addEntry = database.prepare(
    `insert into ${name}_entry (trail, number, at, content_hash, hash)
     values (@trail, @number, @at, @contentHash, @hash)`,
  );
  const addContent = database.prepare(
    `insert into ${name}_content (trail, number, salt, content) values (@trail, @number, @salt, @content)`,
  );
  const setFrontier = database.prepare(
    `insert into ${name}_frontier (trail, peaks) values (?, ?)
     on conflict (trail) do update set peaks = excluded.peaks`,
  );
  const append = database.transaction(
    (trail: string, make: (newest: AuditNewest | undefined) => AuditAppended) => {
      const { entry, peaks } = make(newest(trail));
      addEntry.run(entry);
      addContent.run(entry);
      setFrontier.run(trail, peaks);
    },
  );
  return (trail, make) => append.immediate(trail, make);
};
