import { limitOf, type Invitation, type InvitationTable } from '../people-store.js';
import type { RegistryDatabase as Database } from './registry-database.js';
import { OF_NO_SITE, pageParameters, reachParameters, within } from './reach.js';
import { LIMIT_SITE, limitColumns, prepareAddPerson, type LimitColumns } from './registry-people.js';
import { orOutcome, prepareAddIdentity, Refused } from './registry-providers.js';
import type { Asynchronous } from '../asynchronous.js';

const COLUMNS = `t.id, t.token_hash as "tokenHash", t.organisation_id as "organisationId", t.role,
  t.person_id as "personId", t.login, t.name, t.created_at as "createdAt", t.created_by as "createdBy", t.expires,
  t.used_at as "usedAt", t.revoked_at as "revokedAt", ${LIMIT_SITE} as "siteId", t.limit_from as "from",
  t.limit_to as "to"`;
const WITHIN = `select ${COLUMNS} from ${within('invitation')}`;
/** Not those by which somebody who is there chooses a new password. */
const TO_JOIN = `${OF_NO_SITE} and t.person_id is null`;

type InvitationRow = Omit<Invitation, 'limit'> & LimitColumns;

const invitationOf = ({ siteId, from, to, ...row }: InvitationRow): Invitation => ({
  ...row,
  ...limitOf({ siteId, from, to }),
});

/** Invitations: each is used by one conditional write, in the transaction that makes what it promises. */
export const createInvitationTable = (database: Database): Asynchronous<InvitationTable> => {
  const add = database.prepare(
    `insert into invitation (id, token_hash, organisation_id, role, person_id, login, name, created_at, created_by,
       expires, used_at, revoked_at, limit_site, limit_from, limit_to)
     values (@id, @tokenHash, @organisationId, @role, @personId, @login, @name, @createdAt, @createdBy,
       @expires, @usedAt, @revokedAt, @siteId, @from, @to)`,
  );
  const byToken = database.prepare<[string], InvitationRow>(
    `select ${COLUMNS} from invitation t where t.token_hash = ?`,
  );
  const all = database.prepare<[], InvitationRow>(
    `select ${COLUMNS} from invitation t order by t.created_at desc, t.id`,
  );
  const revoke = database.prepare<[number, string]>(
    'update invitation set revoked_at = ? where id = ? and used_at is null and revoked_at is null',
  );
  const found = (row: InvitationRow | undefined) => (row === undefined ? undefined : invitationOf(row));
  const page = database.prepare<[object], InvitationRow>(
    `${WITHIN} where ${TO_JOIN} and t.id > @after order by t.id limit @limit`,
  );
  const one = database.prepare<[object], InvitationRow>(`${WITHIN} and t.id = @id where ${TO_JOIN}`);
  return {
    addInvitation: ({ limit, ...invitation }) => add.put({ ...invitation, ...limitColumns(limit) }),
    invitationByToken: async (tokenHash) => found(await byToken.get(tokenHash)),
    invitations: async () => (await all.all()).map(invitationOf),
    invitationsIn: async (reach, wanted) => (await page.all(pageParameters(reach, wanted))).map(invitationOf),
    invitationIn: async (reach, id) => found(await one.get({ ...reachParameters(reach), id })),
    revokeInvitation: async (id, at) => (await revoke.run(at, id)) === 1,
    acceptInvitation: prepareAccept(database),
    acceptReset: prepareReset(database),
  };
};

const LIVE = 'token_hash = ? and expires > ? and used_at is null and revoked_at is null';

const prepareAccept = (database: Database): Asynchronous<InvitationTable>['acceptInvitation'] => {
  const use = database.prepare<[number, string, number]>(
    `update invitation set used_at = ? where ${LIVE} and person_id is null`,
  );
  const addPerson = prepareAddPerson(database);
  const addIdentity = prepareAddIdentity(database);
  return (tokenHash, at, person, identity) =>
    orOutcome(database, async () => {
      if ((await use.run(at, tokenHash, at)) === 0) return 'gone' as const;
      if (!(await addPerson(person))) throw new Refused('login-taken');
      if (identity !== undefined && !(await addIdentity(person.id, identity)))
        throw new Refused('identity-taken');
      return 'accepted' as const;
    });
};

const prepareReset = (database: Database): Asynchronous<InvitationTable>['acceptReset'] => {
  const use = database
    .prepare<[number, string, number], string>(
      `update invitation set used_at = ? where ${LIVE} and person_id is not null returning person_id`,
    )
    .pluck();
  const setPassword = database.prepare<[string, string]>(
    'update person set password_hash = ?, must_change_password = 0 where id = ?',
  );
  const endSessions = database.prepare<[string]>('delete from session where person_id = ?');
  return database.transaction(async (tokenHash: string, at: number, passwordHash: string) => {
    const personId = await use.get(at, tokenHash, at);
    if (personId === undefined) return false;
    await setPassword.run(passwordHash, personId);
    await endSessions.run(personId);
    return true;
  });
};
