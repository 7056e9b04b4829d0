import type { Session, SessionTable } from '../people-store.js';
import type { Database } from './database.js';
import { preparePerson } from './registry-people.js';

interface SessionRow extends Omit<Session, 'secondFactor'> {
  readonly secondFactor: number;
}

const COLUMNS = `s.id, s.token_hash as tokenHash, s.person_id as personId, s.created, s.expires,
  s.last_used as lastUsed, s.address, s.client, s.method, s.second_factor as secondFactor, s.needs`;

const sessionOf = (row: SessionRow): Session => ({ ...row, secondFactor: row.secondFactor === 1 });

const rowOf = (session: Session) => ({ ...session, secondFactor: session.secondFactor ? 1 : 0 });

/** Sessions, by the hash of their token. */
export const createSessionTable = (database: Database): SessionTable => {
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
    addSession: (session) => void add.run(rowOf(session)),
    openSession: prepareOpen(database),
    sessionsOf: (personId, now) => ofPerson.all(personId, now).map(sessionOf),
    removeSession: (tokenHash) => void remove.run(tokenHash),
    removeSessionById: (personId, id) => removeById.run(personId, id).changes === 1,
    removeSessionsOf: (personId, keep = '') => void removeOf.run(personId, keep),
    replaceSession: database.transaction((tokenHash, session) => {
      if (remove.run(tokenHash).changes === 0) return false;
      add.run(rowOf(session));
      return true;
    }),
    noteSessionUse: (tokenHash, at) => void noteUse.run(at, tokenHash),
    purge: (now) => purge.run(now).changes,
  };
};

const prepareOpen = (database: Database): SessionTable['openSession'] => {
  const open = database.prepare<[string, number], SessionRow>(
    `select ${COLUMNS} from session s where s.token_hash = ? and s.expires > ?`,
  );
  const person = preparePerson(database, 't.id = ? and t.disabled_at is null');
  return (tokenHash, now) => {
    const row = open.get(tokenHash, now);
    const found = row === undefined ? undefined : person(row.personId);
    return row === undefined || found === undefined ? undefined : { session: sessionOf(row), person: found };
  };
};
