import {
  limitOf,
  type Limit,
  type NewPerson,
  type PersonState,
  type PersonTable,
  type Role,
} from '../people-store.js';
import type { RegistryDatabase as Database } from './registry-database.js';
import { OF_NO_SITE, pageParameters, reachParameters, within } from './reach.js';
import type { Asynchronous } from '../asynchronous.js';

interface PersonRow extends LimitColumns {
  readonly id: string;
  readonly login: string;
  readonly name: string;
  readonly organisationId: string;
  readonly role: Role;
  readonly disabledAt: number | null;
  readonly hasPassword: number;
  readonly mustChangePassword: number;
  readonly secondFactorSince: number | null;
}

/**
 * The site that a limit of `t` is to: of one that was merged, the record that it turned out to be. The limit itself is
 * not rewritten, since whoever merges may not see all whom it limits.
 */
export const LIMIT_SITE = `case when t.limit_site is null then null else (
    with recursive golden(id) as (
      select t.limit_site union select s.merged_into from golden g join site s on s.id = g.id
      where s.merged_into is not null)
    select g.id from golden g left join site s on s.id = g.id where s.merged_into is null) end`;

/** Columns of a `PersonRow`, of `t` and its second factor. */
const COLUMNS = `t.id, t.login, t.name, t.organisation_id as "organisationId", t.role,
    t.disabled_at as "disabledAt", (t.password_hash is not null)::int as "hasPassword",
    t.must_change_password as "mustChangePassword", f.since as "secondFactorSince",
    ${LIMIT_SITE} as "siteId", t.limit_from as "from", t.limit_to as "to"`;
const FACTOR = 'left join second_factor f on f.person_id = t.id';
const SELECT_PERSON = `select ${COLUMNS} from person t ${FACTOR}`;
const WITHIN = `select ${COLUMNS} from ${within('person')}`;

const personOf = ({ siteId, from, to, ...row }: PersonRow): PersonState => ({
  ...row,
  hasPassword: row.hasPassword === 1,
  mustChangePassword: row.mustChangePassword === 1,
  ...limitOf({ siteId, from, to }),
});

/** A limit as it is kept, of a row with `limit_site`, `limit_from` and `limit_to` as these. */
export interface LimitColumns {
  readonly siteId: string | null;
  readonly from: number | null;
  readonly to: number | null;
}

export const limitColumns = (limit: Limit = {}): LimitColumns => ({
  siteId: limit.siteId ?? null,
  from: limit.from ?? null,
  to: limit.to ?? null,
});

/** Finds one person by a condition on `t`. */
export const preparePerson = (database: Database, condition: string) => {
  const statement = database.prepare<string[], PersonRow>(`${SELECT_PERSON} where ${condition}`);
  return async (...values: string[]): Promise<PersonState | undefined> => {
    const row = await statement.get(...values);
    return row === undefined ? undefined : personOf(row);
  };
};

/** Inserts a person; `false` where the login is taken. */
export const prepareAddPerson = (database: Database): ((person: NewPerson) => Promise<boolean>) => {
  const add = database.prepare(
    `insert into person (id, login, name, password_hash, must_change_password, organisation_id, role,
       limit_site, limit_from, limit_to)
     values (@id, @login, @name, @passwordHash, @mustChange, @organisationId, @role, @siteId, @from, @to)
     on conflict (login) do nothing`,
  );
  return async ({ mustChangePassword = false, limit, ...person }) =>
    (await add.run({ ...person, ...limitColumns(limit), mustChange: mustChangePassword ? 1 : 0 })) === 1;
};

/** People. What takes something from them ends their sessions in the same transaction. */
export const createPersonTable = (database: Database): Asynchronous<PersonTable> => {
  const people = database.prepare<[], PersonRow>(`${SELECT_PERSON} order by t.id`);
  const passwordHash = database
    .prepare<[string], string | null>('select password_hash from person where id = ?')
    .pluck();
  const setPassword = database.prepare<[string, number, string]>(
    'update person set password_hash = ?, must_change_password = ? where id = ?',
  );
  const endSessions = database.prepare<[string, string]>(
    'delete from session where person_id = ? and token_hash <> ?',
  );
  const setPlace = database.prepare(
    `update person set organisation_id = @organisationId, role = @role,
       limit_site = @siteId, limit_from = @from, limit_to = @to where id = @personId`,
  );
  const setDisabled = database.prepare<[number | null, string]>(
    'update person set disabled_at = ? where id = ?',
  );
  const revokeInvited = database.prepare<[number, string]>(
    'update invitation set revoked_at = ? where created_by = ? and used_at is null and revoked_at is null',
  );
  const revokeOwnKeys = database.prepare<[number, string]>(
    'update api_key set revoked_at = ? where person_id = ? and revoked_at is null',
  );
  return {
    person: preparePerson(database, 't.id = ?'),
    personByLogin: preparePerson(database, 't.login = ?'),
    people: async () => (await people.all()).map(personOf),
    ...createPeopleWithin(database),
    addPerson: prepareAddPerson(database),
    passwordHash: async (personId) => (await passwordHash.get(personId)) ?? null,
    setPassword: database.transaction(async (personId, { hash, mustChange }, keep = '') => {
      await setPassword.run(hash, mustChange ? 1 : 0, personId);
      await endSessions.run(personId, keep);
    }),
    setRole: database.transaction(async (personId, { organisationId, role, limit }, at) => {
      await setPlace.run({ personId, organisationId, role, ...limitColumns(limit) });
      await endSessions.run(personId, '');
      await revokeOwnKeys.run(at, personId);
    }),
    disablePerson: database.transaction(async (personId, at) => {
      await setDisabled.run(at, personId);
      await endSessions.run(personId, '');
      await revokeOwnKeys.run(at, personId);
      await revokeInvited.run(at, personId);
    }),
    enablePerson: (personId) => setDisabled.put(null, personId),
    erasePerson: prepareErasePerson(database),
  };
};

const createPeopleWithin = (database: Database): Pick<Asynchronous<PersonTable>, 'peopleIn' | 'personIn'> => {
  const page = database.prepare<[object], PersonRow>(
    `${WITHIN} ${FACTOR} where ${OF_NO_SITE} and t.id > @after order by t.id limit @limit`,
  );
  const one = database.prepare<[object], PersonRow>(`${WITHIN} and t.id = @id ${FACTOR} where ${OF_NO_SITE}`);
  return {
    peopleIn: async (reach, wanted) => (await page.all(pageParameters(reach, wanted))).map(personOf),
    personIn: async (reach, id) => {
      const row = await one.get({ ...reachParameters(reach), id });
      return row === undefined ? undefined : personOf(row);
    },
  };
};

/** Tables whose rows are a person's own. */
const OWN_TABLES = ['session', 'second_factor', 'recovery_code', 'invitation', 'identity'] as const;

const prepareErasePerson = (database: Database): Asynchronous<PersonTable>['erasePerson'] => {
  const removeOwn = OWN_TABLES.map((table) =>
    database.prepare<[string]>(`delete from ${table} where person_id = ?`),
  );
  const removeInvitation = database.prepare<[string]>(
    'delete from invitation where login = (select login from person where id = ?)',
  );
  const releaseKeys = database.prepare<[number, string]>(
    'update api_key set revoked_at = coalesce(revoked_at, ?), person_id = null where person_id = ?',
  );
  const remove = database.prepare<[string]>('delete from person where id = ?');
  return database.transaction(async (personId: string, at: number) => {
    for (const statement of removeOwn) await statement.run(personId);
    await removeInvitation.run(personId);
    await releaseKeys.run(at, personId);
    return (await remove.run(personId)) > 0;
  });
};
