import { isDeepStrictEqual } from 'node:util';
import { StoreError } from '../errors.js';
import type { NewAct, OrganisationsStore } from '../organisations-store.js';
import type { Database } from './database.js';
import { createActQueries } from './registry-act-queries.js';
import { createRows, type Rows } from './registry-rows.js';

/** Rows of organisations and what they hold, and the acts that changed them. */
export const createOrganisationTables = (database: Database): OrganisationsStore => {
  const rows = createRows(database);
  return {
    record: (name, id) => rows.read(name, { id })[0],
    records: (name, where = {}) => rows.read(name, where),
    recordIn: (name, reach, id) => rows.readIn(name, reach, { id })[0],
    recordsIn: (name, reach, where = {}) => rows.readIn(name, reach, where),
    apply: createApply(database, rows),
    ...createActQueries(database),
    settleHolders: createSettle(database),
  };
};

const createApply = (database: Database, rows: Rows): OrganisationsStore['apply'] => {
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
  const apply = database.transaction((act: NewAct) => {
    const { id, kind, at, by, effective, changes, undoes } = act;
    addAct.run({ id, kind, at, by, effective, summary: JSON.stringify(act.summary) });
    for (const organisationId of new Set(act.concerns)) addConcern.run(organisationId, id);
    if (undoes !== undefined && markUndone.run(id, undoes).changes === 0) throw changedSince('act', undoes);
    for (const [number, change] of changes.entries()) {
      const { record, before, after } = change;
      const recordId = (after ?? before)?.id ?? '';
      const current = rows.read(record, { id: recordId })[0] ?? null;
      if (!isDeepStrictEqual(current, before)) throw changedSince(record, recordId);
      rows.write(change);
      addChange.run({ act: id, number, record, id: recordId, before: text(before), after: text(after) });
    }
  });
  return (act) => {
    try {
      apply.immediate(act);
    } catch (error) {
      throw constraintOf(error) ?? error;
    }
  };
};

const text = (row: object | null): string | null => (row === null ? null : JSON.stringify(row));

const changedSince = (record: string, id: string): StoreError =>
  new StoreError('changed-since', `${record} ${id} was changed meanwhile; look at it again.`);

const constraintOf = (error: unknown): StoreError | undefined => {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'SQLITE_CONSTRAINT_UNIQUE') {
    return new StoreError('taken', 'Another one has this key already.', { cause: error });
  }
  if (code !== 'SQLITE_CONSTRAINT_FOREIGNKEY') return undefined;
  return new StoreError('in-use', 'Something else still refers to it.', { cause: error });
};

const createSettle = (database: Database): OrganisationsStore['settleHolders'] => {
  const settle = (subject: string) => {
    const holder = `(select h.organisation_id from ${subject}_holding h
      where h.${subject}_id = ${subject}.id and h.title = 'holder' and h."from" <= @now
        and (h."to" is null or h."to" > @now))`;
    return database.prepare<[{ now: number }]>(
      `update ${subject} set organisation_id = ${holder} where organisation_id <> ${holder}`,
    );
  };
  const statements = [settle('gateway'), settle('site'), settle('location')];
  return database.transaction((now) =>
    statements.reduce((sum, statement) => sum + statement.run({ now }).changes, 0),
  );
};
