import type {
  AuditAppended,
  AuditNewest,
  AuditPosition,
  AuditSearch,
  AuditStore,
  StoredAuditEntry,
} from '../audit-store.js';
import type { Database } from './database.js';

const COLUMNS = 'e.trail, e.number, e.at, e.content_hash as contentHash, e.hash, c.salt, c.content';
const TABLES = 'audit_entry e join audit_content c on c.trail = e.trail and c.number = e.number';

/** Audit trails over the tables of `AUDIT_SCHEMA`. */
export const createAuditTables = (database: Database): AuditStore => {
  const newest = database.prepare<[string], AuditNewest>(
    `select e.number, e.hash, f.peaks from audit_entry e join audit_frontier f on f.trail = e.trail
     where e.trail = ? order by e.number desc limit 1`,
  );
  const trails = database.prepare<[], string>('select trail from audit_frontier order by trail').pluck();
  const read = database.prepare<[string, number, number], StoredAuditEntry>(
    `select ${COLUMNS} from ${TABLES} where e.trail = ? and e.number >= ? order by e.number limit ?`,
  );
  const append = createAppend(database, (trail) => newest.get(trail));
  return {
    append,
    together: (act) => database.transaction(act).immediate(),
    find: createSearch(database),
    trails: () => trails.all(),
    newest: (trail) => newest.get(trail),
    read: (trail, from, limit) => read.all(trail, from, limit),
    ...createErasure(database),
  };
};

const createAppend = (
  database: Database,
  newest: (trail: string) => AuditNewest | undefined,
): AuditStore['append'] => {
  const addEntry = database.prepare(
    `insert into audit_entry (trail, number, at, content_hash, hash)
     values (@trail, @number, @at, @contentHash, @hash)`,
  );
  const addContent = database.prepare(
    'insert into audit_content (trail, number, salt, content) values (@trail, @number, @salt, @content)',
  );
  const setFrontier = database.prepare(
    `insert into audit_frontier (trail, peaks) values (?, ?)
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

const createErasure = (database: Database): Pick<AuditStore, 'naming' | 'erase'> => {
  const naming = database.prepare<[string, string], AuditPosition>(
    `select trail, number from audit_content where subject = ? union
     select trail, number from audit_content where resource = ? order by trail, number`,
  );
  const erase = database.prepare<[string, number]>(
    'update audit_content set salt = null, content = null where trail = ? and number = ?',
  );
  return {
    naming: (personId) => naming.all(personId, personId),
    erase: database.transaction((positions: readonly AuditPosition[]) => {
      for (const { trail, number } of positions) erase.run(trail, number);
    }),
  };
};

interface SearchParameters {
  readonly trails: string;
  readonly subject: string | null;
  readonly action: string | null;
  readonly resource: string | null;
  readonly outcome: string | null;
  readonly from: number;
  readonly to: number;
  readonly at: number;
  readonly trail: string;
  readonly number: number;
  readonly limit: number;
}

const createSearch = (database: Database): AuditStore['find'] => {
  const find = database.prepare<[SearchParameters], StoredAuditEntry>(
    `select ${COLUMNS} from ${TABLES}
     where e.trail in (select value from json_each(@trails)) and e.at >= @from and e.at < @to
       and (@subject is null or c.subject = @subject) and (@action is null or c.action = @action)
       and (@resource is null or c.resource = @resource) and (@outcome is null or c.outcome = @outcome)
       and (e.at, e.trail, e.number) < (@at, @trail, @number)
     order by e.at desc, e.trail desc, e.number desc limit @limit`,
  );
  return (trails, search) => find.all(parametersOf(trails, search));
};

const parametersOf = (trails: readonly string[], search: AuditSearch): SearchParameters => ({
  trails: JSON.stringify(trails),
  subject: search.subject ?? null,
  action: search.action ?? null,
  resource: search.resource ?? null,
  outcome: search.outcome ?? null,
  from: search.from ?? 0,
  to: search.to ?? Number.MAX_SAFE_INTEGER,
  at: search.before?.at ?? Number.MAX_SAFE_INTEGER,
  trail: search.before?.trail ?? '',
  number: search.before?.number ?? 0,
  limit: search.limit,
});
