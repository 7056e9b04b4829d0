import type { Identity, IdentityProvider, ProviderTable } from '../people-store.js';
import type { RegistryDatabase as Database } from './registry-database.js';
import { prepareAddPerson, preparePerson } from './registry-people.js';
import type { Asynchronous } from '../asynchronous.js';

interface ProviderRow extends Omit<IdentityProvider, 'listed'> {
  readonly listed: number;
}

const COLUMNS = 'id, organisation_id as "organisationId", name, listed, settings, secret as "sealedSecret"';

const providerOf = (row: ProviderRow): IdentityProvider => ({ ...row, listed: row.listed === 1 });

/** Inserts an identity; `false` where it belongs to somebody. */
export const prepareAddIdentity = (
  database: Database,
): ((personId: string, identity: Identity) => Promise<boolean>) => {
  const add = database.prepare<[string, string, string, number]>(
    'insert into identity (issuer, subject, person_id, managed) values (?, ?, ?, ?) on conflict do nothing',
  );
  return async (personId, { issuer, subject, managed }) =>
    (await add.run(issuer, subject, personId, managed ? 1 : 0)) === 1;
};

/** Identity providers, and who is whom at them. */
export const createProviderTable = (database: Database): Asynchronous<ProviderTable> => {
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
    putProvider: (provider) => put.put({ ...provider, listed: provider.listed ? 1 : 0 }),
    provider: async (id) => {
      const row = await find.get(id);
      return row === undefined ? undefined : providerOf(row);
    },
    providers: async () => (await all.all()).map(providerOf),
    removeProvider: async (id) => (await remove.run(id)) === 1,
    personByIdentity: async ({ issuer, subject }) => {
      const person = await byIdentity(issuer, subject);
      return person === undefined
        ? undefined
        : { ...person, managed: (await managed.get(issuer, subject)) === 1 };
    },
    identitiesOf: async (personId) =>
      (await ofPerson.all(personId)).map((identity) => ({ ...identity, managed: identity.managed === 1 })),
    addIdentity: prepareAddIdentity(database),
    removeIdentity: async (personId, { issuer, subject }) =>
      (await removeIdentity.run(personId, issuer, subject)) === 1,
    addPersonWithIdentity: prepareAddPersonWithIdentity(database),
  };
};

/** Undoes what was written, with its outcome. */
export class Refused extends Error {
  readonly outcome: 'login-taken' | 'identity-taken';

  constructor(outcome: Refused['outcome']) {
    super(outcome);
    this.outcome = outcome;
  }
}

/** Gives the outcome of what was refused, and undoes what was written for it. */
export const orOutcome = async <Outcome>(
  database: Database,
  work: () => Promise<Outcome>,
): Promise<Outcome | Refused['outcome']> => {
  try {
    return await database.attempt(work);
  } catch (error) {
    if (error instanceof Refused) return error.outcome;
    throw error;
  }
};

const prepareAddPersonWithIdentity = (
  database: Database,
): Asynchronous<ProviderTable>['addPersonWithIdentity'] => {
  const addPerson = prepareAddPerson(database);
  const addIdentity = prepareAddIdentity(database);
  return (person, identity) =>
    orOutcome(database, async () => {
      if (!(await addPerson(person))) throw new Refused('login-taken');
      if (!(await addIdentity(person.id, identity))) throw new Refused('identity-taken');
      return 'added' as const;
    });
};
