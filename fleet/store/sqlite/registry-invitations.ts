import {
  limitOf,
  type Identity,
  type Invitation,
  type InvitationTable,
  type NewPerson,
} from '../people-store.js';
import type { Database } from './database.js';
import { OF_NO_SITE, pageParameters, reachParameters, within } from './reach.js';
import { LIMIT_SITE, limitColumns, prepareAddPerson, type LimitColumns } from './registry-people.js';
import { prepareAddIdentity } from './registry-providers.js';

const COLUMNS = `t.id, t.token_hash as tokenHash, t.organisation_id as organisationId, t.role,
  t.person_id as personId, t.login, t.name, t.created_at as createdAt, t.created_by as createdBy, t.expires,
  t.used_at as usedAt, t.revoked_at as revokedAt, ${LIMIT_SITE} as siteId, t.limit_from as "from",
  t.limit_to as "to"`;
const WITHIN = `select ${COLUMNS} from ${within('invitation', 'invitation_organisation')}`;
/** Not those by which somebody who is there chooses a new password. */
const TO_JOIN = `${OF_NO_SITE} and t.person_id is null`;

type InvitationRow = Omit<Invitation, 'limit'> & LimitColumns;

const invitationOf = ({ siteId, from, to, ...row }: InvitationRow): Invitation => ({
  ...row,
  ...limitOf({ siteId, from, to }),
});

/** Invitations: each is used by one conditional write, in the transaction that makes what it promises. */
export const createInvitationTable = (database: Database): InvitationTable => {
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
    `${WITHIN} where ${TO_JOIN} and t.id > @after order by t.id limit +@limit`,
  );
  const one = database.prepare<[object], InvitationRow>(`${WITHIN} and t.id = @id where ${TO_JOIN}`);
  return {
    addInvitation: ({ limit, ...invitation }) => void add.run({ ...invitation, ...limitColumns(limit) }),
    invitationByToken: (tokenHash) => found(byToken.get(tokenHash)),
    invitations: () => all.all().map(invitationOf),
    invitationsIn: (reach, wanted) => page.all(pageParameters(reach, wanted)).map(invitationOf),
    invitationIn: (reach, id) => found(one.get({ ...reachParameters(reach), id })),
    revokeInvitation: (id, at) => revoke.run(at, id).changes === 1,
    acceptInvitation: prepareAccept(database),
    acceptReset: prepareReset(database),
  };
};

const LIVE = 'token_hash = ? and expires > ? and used_at is null and revoked_at is null';

/** Undoes the transaction, with its outcome. */
class Refused extends Error {
  readonly outcome: 'login-taken' | 'identity-taken';

  constructor(outcome: Refused['outcome']) {
    super(outcome);
    this.outcome = outcome;
  }
}

const prepareAccept = (database: Database): InvitationTable['acceptInvitation'] => {
  const use = database.prepare<[number, string, number]>(
    `update invitation set used_at = ? where ${LIVE} and person_id is null`,
  );
  const addPerson = prepareAddPerson(database);
  const addIdentity = prepareAddIdentity(database);
  const accept = database.transaction(
    (tokenHash: string, at: number, person: NewPerson, identity: Identity | undefined) => {
      if (use.run(at, tokenHash, at).changes === 0) return 'gone';
      if (!addPerson(person)) throw new Refused('login-taken');
      if (identity !== undefined && !addIdentity(person.id, identity)) throw new Refused('identity-taken');
      return 'accepted';
    },
  );
  return (tokenHash, at, person, identity) => {
    try {
      return accept(tokenHash, at, person, identity);
    } catch (error) {
      if (error instanceof Refused) return error.outcome;
      throw error;
    }
  };
};

const prepareReset = (database: Database): InvitationTable['acceptReset'] => {
  const use = database
    .prepare<[number, string, number], string>(
      `update invitation set used_at = ? where ${LIVE} and person_id is not null returning person_id`,
    )
    .pluck();
  const setPassword = database.prepare<[string, string]>(
    'update person set password_hash = ?, must_change_password = 0 where id = ?',
  );
  const endSessions = database.prepare<[string]>('delete from session where person_id = ?');
  return database.transaction((tokenHash: string, at: number, passwordHash: string) => {
    const personId = use.get(at, tokenHash, at);
    if (personId === undefined) return false;
    setPassword.run(passwordHash, personId);
    endSessions.run(personId);
    return true;
  });
};
