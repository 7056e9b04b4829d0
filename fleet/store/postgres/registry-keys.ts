import type { ApiKey, KeyTable } from '../people-store.js';
import type { RegistryDatabase as Database } from './registry-database.js';
import { OF_NO_SITE, pageParameters, reachParameters, within } from './reach.js';
import type { Asynchronous } from '../asynchronous.js';

interface KeyRow extends Omit<ApiKey, 'actions'> {
  /** JSON array. */
  readonly actions: string | null;
}

const COLUMNS = `t.id, t.secret_hash as "secretHash", t.name, t.organisation_id as "organisationId", t.role, t.actions,
  t.purpose, t.person_id as "personId", t.created_at as "createdAt", t.created_by as "createdBy", t.expires,
  t.last_used_at as "lastUsedAt", t.last_used_from as "lastUsedFrom", t.revoked_at as "revokedAt",
  t.replaced_by as "replacedBy"`;
const WITHIN = `select ${COLUMNS} from ${within('api_key')}`;

const keyOf = ({ actions, ...row }: KeyRow): ApiKey => ({
  ...row,
  actions: actions === null ? null : (JSON.parse(actions) as string[]),
});

/** API keys, by their public part. */
export const createKeyTable = (database: Database): Asynchronous<KeyTable> => {
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
    `${WITHIN} where ${OF_NO_SITE} and t.id > @after order by t.id limit @limit`,
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
    `update api_key set replaced_by = ?, expires = least(expires, ?)
     where id = ? and revoked_at is null and replaced_by is null`,
  );
  const addKey = (key: ApiKey): Promise<void> =>
    add.put({ ...key, actions: key.actions === null ? null : JSON.stringify(key.actions) });
  return {
    addKey,
    key: async (id) => found(await find.get(id)),
    keys: async () => (await all.all()).map(keyOf),
    keysIn: async (reach, wanted) => (await page.all(pageParameters(reach, wanted))).map(keyOf),
    keyIn: async (reach, id) => found(await one.get({ ...reachParameters(reach), id })),
    keysOf: async (personId) => (await own.all(personId)).map(keyOf),
    revokeKey: async (id, at) => (await revoke.run(at, id)) === 1,
    noteKeyUse: (id, at, address) => noteUse.put(at, address, id),
    rotateKey: database.transaction(async (id, oldExpires, successor) => {
      if ((await replace.run(successor.id, oldExpires, id)) === 0) return false;
      await addKey(successor);
      return true;
    }),
  };
};
