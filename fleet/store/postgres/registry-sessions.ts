import type { Session, SessionTable } from '../people-store.js';
import type { RegistryDatabase as Database } from './registry-database.js';
import { preparePerson } from './registry-people.js';
import type { Asynchronous } from '../asynchronous.js';

interface SessionRow extends Omit<Session, 'secondFactor'> {
  readonly secondFactor: number;
}

const COLUMNS = `s.id, s.token_hash as "tokenHash", s.person_id as "personId", s.created, s.expires,
  s.last_used as "lastUsed", s.address, s.client, s.method, s.second_factor as "secondFactor", s.needs`;

const sessionOf = (row: SessionRow): Session => ({ ...row, secondFactor: row.secondFactor === 1 });

const rowOf = (session: Session) => ({ ...session, secondFactor: session.secondFactor ? 1 : 0 });

/** Sessions, by the hash of their token. */
export const createSessionTable = (database: Database): Asynchronous<SessionTable> => {
  const add = database.prepare(
    `insert into session (token_hash, id, person_id, created, expires, last_used, address, client, method,
       second_factor, needs)
     values (@tokenHash, @id, @personId, @created, @expires, @lastUsed, @address, @client, @method,
       @secondFactor, @needs)`,
  );
  const ofPerson = database.prepare<[string, number], SessionRow>(
    `select ${COLUMNS} from session s where s.person_id = ? and s.expires > ? order by s.created desc, s.id`,
  );
  const remove = database.prepare<[string]>('delete from session where token_hash = ?');
  const removeById = database.prepare<[string, string]>('delete from session where person_id = ? and id = ?');
  const removeOf = database.prepare<[string, string]>(
    'delete from session where person_id = ? and token_hash <> ?',
  );
  const noteUse = database.prepare<[number, string]>('update session set last_used = ? where token_hash = ?');
  const purge = database.prepare<[number]>('delete from session where expires < ?');
  return {
    addSession: (session) => add.put(rowOf(session)),
    openSession: prepareOpen(database),
    sessionsOf: async (personId, now) => (await ofPerson.all(personId, now)).map(sessionOf),
    removeSession: (tokenHash) => remove.put(tokenHash),
    removeSessionById: async (personId, id) => (await removeById.run(personId, id)) === 1,
    removeSessionsOf: (personId, keep = '') => removeOf.put(personId, keep),
    replaceSession: database.transaction(async (tokenHash, session) => {
      if ((await remove.run(tokenHash)) === 0) return false;
      await add.run(rowOf(session));
      return true;
    }),
    noteSessionUse: (tokenHash, at) => noteUse.put(at, tokenHash),
    purge: (now) => purge.run(now),
  };
};

const prepareOpen = (database: Database): Asynchronous<SessionTable>['openSession'] => {
  const open = database.prepare<[string, number], SessionRow>(
    `select ${COLUMNS} from session s where s.token_hash = ? and s.expires > ?`,
  );
  const person = preparePerson(database, 't.id = ? and t.disabled_at is null');
  return async (tokenHash, now) => {
    const row = await open.get(tokenHash, now);
    const found = row === undefined ? undefined : await person(row.personId);
    return row === undefined || found === undefined ? undefined : { session: sessionOf(row), person: found };
  };
};
