import type { ApiKey, KeyTable } from '../people-store.js';
import type { Database } from './database.js';
import { OF_NO_SITE, pageParameters, reachParameters, within } from './reach.js';

interface KeyRow extends Omit<ApiKey, 'actions'> {
  /** JSON array. */
  readonly actions: string | null;
}

const COLUMNS = `t.id, t.secret_hash as secretHash, t.name, t.organisation_id as organisationId, t.role, t.actions,
  t.purpose, t.person_id as personId, t.created_at as createdAt, t.created_by as createdBy, t.expires,
  t.last_used_at as lastUsedAt, t.last_used_from as lastUsedFrom, t.revoked_at as revokedAt,
  t.replaced_by as replacedBy`;
const WITHIN = `select ${COLUMNS} from ${within('api_key', 'api_key_organisation')}`;

const keyOf = ({ actions, ...row }: KeyRow): ApiKey => ({
  ...row,
  actions: actions === null ? null : (JSON.parse(actions) as string[]),
});

/** API keys, by their public part. */
export const createKeyTable = (database: Database): KeyTable => {
  const add = database.prepare(
    `insert into api_key (id, secret_hash, name, organisation_id, role, actions, purpose, person_id, created_at, created_by,
       expires, last_used_at, last_used_from, revoked_at, replaced_by)
     values (@id, @secretHash, @name, @organisationId, @role, @actions, @purpose, @personId, @createdAt, @createdBy,
       @expires, @lastUsedAt, @lastUsedFrom, @revokedAt, @replacedBy)`,
  );
  const find = database.prepare<[string], KeyRow>(`select ${COLUMNS} from api_key t where t.id = ?`);
  const all = database.prepare<[], KeyRow>(
    `select ${COLUMNS} from api_key t order by t.created_at desc, t.id`,
  );
  const own = database.prepare<[string], KeyRow>(
    `select ${COLUMNS} from api_key t where t.person_id = ? order by t.created_at desc, t.id`,
  );
  const page = database.prepare<[object], KeyRow>(
    `${WITHIN} where ${OF_NO_SITE} and t.id > @after order by t.id limit +@limit`,
  );
  const one = database.prepare<[object], KeyRow>(`${WITHIN} and t.id = @id where ${OF_NO_SITE}`);
  const found = (row: KeyRow | undefined) => (row === undefined ? undefined : keyOf(row));
  const revoke = database.prepare<[number, string]>(
    'update api_key set revoked_at = ? where id = ? and revoked_at is null',
  );
  const noteUse = database.prepare<[number, string, string]>(
    'update api_key set last_used_at = ?, last_used_from = ? where id = ?',
  );
  const replace = database.prepare<[string, number, string]>(
    `update api_key set replaced_by = ?, expires = min(expires, ?)
     where id = ? and revoked_at is null and replaced_by is null`,
  );
  const addKey = (key: ApiKey): void =>
    void add.run({ ...key, actions: key.actions === null ? null : JSON.stringify(key.actions) });
  return {
    addKey,
    key: (id) => found(find.get(id)),
    keys: () => all.all().map(keyOf),
    keysIn: (reach, wanted) => page.all(pageParameters(reach, wanted)).map(keyOf),
    keyIn: (reach, id) => found(one.get({ ...reachParameters(reach), id })),
    keysOf: (personId) => own.all(personId).map(keyOf),
    revokeKey: (id, at) => revoke.run(at, id).changes === 1,
    noteKeyUse: (id, at, address) => void noteUse.run(at, address, id),
    rotateKey: database.transaction((id, oldExpires, successor) => {
      if (replace.run(successor.id, oldExpires, id).changes === 0) return false;
      addKey(successor);
      return true;
    }),
  };
};
