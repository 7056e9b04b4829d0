import type { AuditPosition, AuditSearch, AuditStore, StoredAuditEntry } from '../audit-store.js';
import type { RegistryDatabase as Database } from './registry-database.js';
import { createTrailTables, ENTRY_COLUMNS, entryTables } from './trail-tables.js';
import type { Asynchronous, AsynchronousAudit } from '../asynchronous.js';

/** Audit trails over the tables of `registry-schema.ts`. */
export const createAuditTables = (database: Database): AsynchronousAudit => ({
  ...createTrailTables(database, 'audit'),
  together: (work) => database.together(work),
  find: createSearch(database),
  ...createErasure(database),
});

const createErasure = (database: Database): Pick<Asynchronous<AuditStore>, 'naming' | 'erase'> => {
  const naming = database.prepare<[string, string], AuditPosition>(
    `select trail, number from audit_content where subject = ? union
     select trail, number from audit_content where resource = ? order by trail, number`,
  );
  const erase = database.prepare<[string, number]>(
    'update audit_content set salt = null, content = null where trail = ? and number = ?',
  );
  return {
    naming: (personId) => naming.all(personId, personId),
    erase: database.transaction(async (positions: readonly AuditPosition[]) => {
      for (const { trail, number } of positions) await erase.run(trail, number);
    }),
  };
};

interface SearchParameters {
  readonly trails: readonly string[];
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

const createSearch = (database: Database): Asynchronous<AuditStore>['find'] => {
  const find = database.prepare<[SearchParameters], StoredAuditEntry>(
    `select ${ENTRY_COLUMNS} from ${entryTables('audit')}
     where e.trail in (select unnest(@trails::text[])) and e.at >= @from and e.at < @to
       and (@subject::text is null or c.subject = @subject) and (@action::text is null or c.action = @action)
       and (@resource::text is null or c.resource = @resource) and (@outcome::text is null or c.outcome = @outcome)
       and (e.at, e.trail, e.number) < (@at, @trail, @number)
     order by e.at desc, e.trail desc, e.number desc limit @limit`,
  );
  return (trails, search) => find.all(parametersOf(trails, search));
};

const parametersOf = (trails: readonly string[], search: AuditSearch): SearchParameters => ({
  trails,
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
