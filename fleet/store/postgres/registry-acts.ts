import { isDeepStrictEqual } from 'node:util';
import { StoreError } from '../errors.js';
import type { NewAct, OrganisationsStore } from '../organisations-store.js';
import type { RegistryDatabase as Database } from './registry-database.js';
import { violationOf } from './database.js';
import { createActQueries } from './registry-act-queries.js';
import { createRows, type Rows } from './registry-rows.js';
import type { Asynchronous, AsynchronousRegistry } from '../asynchronous.js';

type OrganisationTables = Omit<Asynchronous<OrganisationsStore>, keyof Recorded> & Recorded;
type Recorded = Pick<AsynchronousRegistry, 'record' | 'records' | 'recordIn' | 'recordsIn'>;

/** Rows of organisations and what they hold, and the acts that changed them. */
export const createOrganisationTables = (database: Database): OrganisationTables => {
  const rows = createRows(database);
  return {
    record: async (name, id) => (await rows.read(name, { id }))[0],
    records: (name, where = {}) => rows.read(name, where),
    recordIn: async (name, reach, id) => (await rows.readIn(name, reach, { id }))[0],
    recordsIn: (name, reach, where = {}) => rows.readIn(name, reach, where),
    apply: createApply(database, rows),
    ...createActQueries(database),
    settleHolders: createSettle(database),
  };
};

const createApply = (database: Database, rows: Rows): Asynchronous<OrganisationsStore>['apply'] => {
  const addAct = database.prepare(
    `insert into act (id, kind, at, by, effective, summary)
     values (@id, @kind, @at, @by, @effective, @summary)`,
  );
  const addChange = database.prepare(
    `insert into act_change (act_id, number, record, record_id, before, after)
     values (@act, @number, @record, @id, @before, @after)`,
  );
  const addConcern = database.prepare('insert into act_concern (organisation_id, act_id) values (?, ?)');
  const markUndone = database.prepare('update act set undone_by = ? where id = ? and undone_by is null');
  const apply = async (act: NewAct): Promise<void> => {
    const { id, kind, at, by, effective, changes, undoes } = act;
    await addAct.run({ id, kind, at, by, effective, summary: JSON.stringify(act.summary) });
    for (const organisationId of new Set(act.concerns)) await addConcern.run(organisationId, id);
    if (undoes !== undefined && (await markUndone.run(id, undoes)) === 0) throw changedSince('act', undoes);
    for (const [number, change] of changes.entries()) {
      const { record, before, after } = change;
      const recordId = (after ?? before)?.id ?? '';
      const current = (await rows.read(record, { id: recordId }))[0] ?? null;
      if (!isDeepStrictEqual(current, before)) throw changedSince(record, recordId);
      await rows.write(change);
      await addChange.run({
        act: id,
        number,
        record,
        id: recordId,
        before: text(before),
        after: text(after),
      });
    }
  };
  return async (act) => {
    try {
      await database.attempt(() => apply(act));
    } catch (error) {
      throw constraintOf(error) ?? error;
    }
  };
};

const text = (row: object | null): string | null => (row === null ? null : JSON.stringify(row));

const changedSince = (record: string, id: string): StoreError =>
  new StoreError('changed-since', `${record} ${id} was changed meanwhile; look at it again.`);

const constraintOf = (error: unknown): StoreError | undefined => {
  const violated = violationOf(error);
  if (violated === 'unique')
    return new StoreError('taken', 'Another one has this key already.', { cause: error });
  if (violated !== 'foreign-key') return undefined;
  return new StoreError('in-use', 'Something else still refers to it.', { cause: error });
};

const createSettle = (database: Database): Asynchronous<OrganisationsStore>['settleHolders'] => {
  const settle = (subject: string) => {
    const holder = `(select h.organisation_id from ${subject}_holding h
      where h.${subject}_id = ${subject}.id and h.title = 'holder' and h."from" <= @now
        and (h."to" is null or h."to" > @now))`;
    return database.prepare<[{ now: number }]>(
      `update ${subject} set organisation_id = ${holder} where organisation_id <> ${holder}`,
    );
  };
  const statements = [settle('gateway'), settle('site'), settle('location')];
  return database.transaction(async (now) => {
    let settled = 0;
    for (const statement of statements) settled += await statement.run({ now });
    return settled;
  });
};
