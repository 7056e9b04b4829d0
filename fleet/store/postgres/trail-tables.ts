import type { AuditAppended, AuditNewest, StoredAuditEntry, TrailStore } from '../audit-store.js';
import type { RegistryDatabase as Database } from './registry-database.js';
import type { Asynchronous } from '../asynchronous.js';

/**
 * Tables of trails of one name: entries that are appended and never changed, what they say beside them, and the roots
 * of their hash trees. `columns` are made of the content: there is no second place to tamper with.
 */
export const trailTables = (name: string, columns: Readonly<Record<string, string>>): string => `
create table ${name}_entry (
  trail text not null, number bigint not null, at bigint not null, content_hash bytea not null, hash bytea not null,
  primary key (trail, number)
);
-- made of the entries, so that a head need not read them all; what verifies a trail does not trust it
create table ${name}_frontier (trail text primary key, peaks bytea not null);
create index ${name}_entry_at on ${name}_entry (at);
create table ${name}_content (
  trail text not null, number bigint not null, salt bytea, content text,
  ${Object.entries(columns)
    .map(([column, type]) => `${column} ${type}`)
    .join(',\n  ')},
  primary key (trail, number)
);
create trigger ${name}_entry_is_final before update or delete on ${name}_entry
  for each row execute function refuse('${name} entries are never changed');
create trigger ${name}_entry_stays before truncate on ${name}_entry
  execute function refuse('${name} entries are never removed');
create trigger ${name}_content_stays before delete on ${name}_content
  for each row execute function refuse('${name} entries are never removed');
create trigger ${name}_content_is_kept before truncate on ${name}_content
  execute function refuse('${name} entries are never removed');
create trigger ${name}_content_is_final before update on ${name}_content for each row
  when (new.content is not null or new.salt is not null or new.trail <> old.trail or new.number <> old.number)
  execute function refuse('${name} entries are erased, never changed');
`;

export const ENTRY_COLUMNS =
  'e.trail, e.number, e.at, e.content_hash as "contentHash", e.hash, c.salt, c.content';
export const entryTables = (name: string): string =>
  `${name}_entry e join ${name}_content c on c.trail = e.trail and c.number = e.number`;

/** Trails over the tables of `trailTables`. */
export const createTrailTables = (database: Database, name: string): Asynchronous<TrailStore> => {
  const newest = database.prepare<[string], AuditNewest>(
    `select e.number, e.hash, f.peaks from ${name}_entry e join ${name}_frontier f on f.trail = e.trail
     where e.trail = ? order by e.number desc limit 1`,
  );
  const trails = database.prepare<[], string>(`select trail from ${name}_frontier order by trail`).pluck();
  const read = database.prepare<[string, number, number], StoredAuditEntry>(
    `select ${ENTRY_COLUMNS} from ${entryTables(name)} where e.trail = ? and e.number >= ? order by e.number limit ?`,
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
  newest: (trail: string) => Promise<AuditNewest | undefined>,
): Asynchronous<TrailStore>['append'] => {
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
    async (trail: string, make: (newest: AuditNewest | undefined) => AuditAppended) => {
      const { entry, peaks } = make(await newest(trail));
      await addEntry.run(entry);
      await addContent.run(entry);
      await setFrontier.run(trail, peaks);
    },
  );
  return (trail, make) => append(trail, make);
};
