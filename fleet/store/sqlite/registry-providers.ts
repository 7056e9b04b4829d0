import type { Identity, IdentityProvider, NewPerson, ProviderTable } from '../people-store.js';
import { isConstraintViolation, type Database } from './database.js';
import { prepareAddPerson, preparePerson } from './registry-people.js';

interface ProviderRow extends Omit<IdentityProvider, 'listed'> {
  readonly listed: number;
}

const COLUMNS = 'id, organisation_id as organisationId, name, listed, settings, secret as sealedSecret';

const providerOf = (row: ProviderRow): IdentityProvider => ({ ...row, listed: row.listed === 1 });

/** Inserts an identity; `false` where it belongs to somebody. */
export const prepareAddIdentity = (
  database: Database,
): ((personId: string, identity: Identity) => boolean) => {
  const add = database.prepare<[string, string, string, number]>(
    'insert or ignore into identity (issuer, subject, person_id, managed) values (?, ?, ?, ?)',
  );
  return (personId, { issuer, subject, managed }) =>
    add.run(issuer, subject, personId, managed ? 1 : 0).changes === 1;
};

/** Identity providers, and who is whom at them. */
export const createProviderTable = (database: Database): ProviderTable => {
  const put = database.prepare(
    `insert into identity_provider (id, organisation_id, name, listed, settings, secret)
     values (@id, @organisationId, @name, @listed, @settings, @sealedSecret)
     on conflict (id) do update set organisation_id = excluded.organisation_id, name = excluded.name,
       listed = excluded.listed, settings = excluded.settings, secret = excluded.secret`,
  );
  const find = database.prepare<[string], ProviderRow>(
    `select ${COLUMNS} from identity_provider where id = ?`,
  );
  const all = database.prepare<[], ProviderRow>(`select ${COLUMNS} from identity_provider order by name, id`);
  const remove = database.prepare<[string]>('delete from identity_provider where id = ?');
  const ofPerson = database.prepare<[string], Omit<Identity, 'managed'> & { managed: number }>(
    'select issuer, subject, managed from identity where person_id = ? order by issuer, subject',
  );
  const removeIdentity = database.prepare<[string, string, string]>(
    'delete from identity where person_id = ? and issuer = ? and subject = ?',
  );
  const byIdentity = preparePerson(
    database,
    't.id = (select person_id from identity where issuer = ? and subject = ?)',
  );
  const managed = database
    .prepare<[string, string], number>('select managed from identity where issuer = ? and subject = ?')
    .pluck();
  return {
    putProvider: (provider) => void put.run({ ...provider, listed: provider.listed ? 1 : 0 }),
    provider: (id) => {
      const row = find.get(id);
      return row === undefined ? undefined : providerOf(row);
    },
    providers: () => all.all().map(providerOf),
    removeProvider: (id) => remove.run(id).changes === 1,
    personByIdentity: ({ issuer, subject }) => {
      const person = byIdentity(issuer, subject);
      return person === undefined ? undefined : { ...person, managed: managed.get(issuer, subject) === 1 };
    },
    identitiesOf: (personId) =>
      ofPerson.all(personId).map((identity) => ({ ...identity, managed: identity.managed === 1 })),
    addIdentity: prepareAddIdentity(database),
    removeIdentity: (personId, { issuer, subject }) =>
      removeIdentity.run(personId, issuer, subject).changes === 1,
    addPersonWithIdentity: prepareAddPersonWithIdentity(database),
  };
};

const prepareAddPersonWithIdentity = (database: Database): ProviderTable['addPersonWithIdentity'] => {
  const addPerson = prepareAddPerson(database);
  const add = database.prepare<[string, string, string, number]>(
    'insert into identity (issuer, subject, person_id, managed) values (?, ?, ?, ?)',
  );
  const both = database.transaction((person: NewPerson, { issuer, subject, managed }: Identity) => {
    if (!addPerson(person)) return 'login-taken';
    add.run(issuer, subject, person.id, managed ? 1 : 0);
    return 'added';
  });
  return (person, identity) => {
    try {
      return both(person, identity);
    } catch (error) {
      if (isConstraintViolation(error, 'SQLITE_CONSTRAINT_PRIMARYKEY')) return 'identity-taken';
      throw error;
    }
  };
};
