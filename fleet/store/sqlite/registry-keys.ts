import type { ApiKey, KeyTable } from '../people-store.js';
import type { Database } from './database.js';

interface KeyRow extends Omit<ApiKey, 'actions'> {
  /** JSON array. */
  readonly actions: string | null;
}

const COLUMNS = `id, secret_hash as secretHash, name, organisation_id as organisationId, role, actions, purpose,
  person_id as personId, created_at as createdAt, created_by as createdBy, expires, last_used_at as lastUsedAt,
  last_used_from as lastUsedFrom, revoked_at as revokedAt, replaced_by as replacedBy`;

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
  const find = database.prepare<[string], KeyRow>(`select ${COLUMNS} from api_key where id = ?`);
  const all = database.prepare<[], KeyRow>(`select ${COLUMNS} from api_key order by created_at desc, id`);
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
    key: (id) => {
      const row = find.get(id);
      return row === undefined ? undefined : keyOf(row);
    },
    keys: () => all.all().map(keyOf),
    revokeKey: (id, at) => revoke.run(at, id).changes === 1,
    noteKeyUse: (id, at, address) => void noteUse.run(at, address, id),
    rotateKey: database.transaction((id, oldExpires, successor) => {
      if (replace.run(successor.id, oldExpires, id).changes === 0) return false;
      addKey(successor);
      return true;
    }),
  };
};
