import type { Role, SecondFactor, SecondFactorTable, SessionNeed } from '../people-store.js';
import type { RegistryDatabase as Database } from './registry-database.js';
import type { Asynchronous } from '../asynchronous.js';

/** Second factors, recovery codes, and which roles need one. What works once is taken by a conditional write. */
export const createSecondFactorTable = (database: Database): Asynchronous<SecondFactorTable> => {
  const find = database.prepare<[string], SecondFactor>(
    `select secret as "sealedSecret", since, pending as "sealedPending", last_step as "lastStep"
     from second_factor where person_id = ?`,
  );
  const begin = database.prepare<[string, Uint8Array]>(
    `insert into second_factor (person_id, pending) values (?, ?)
     on conflict (person_id) do update set pending = excluded.pending`,
  );
  const confirm = database.prepare<[number, number, string, Uint8Array]>(
    `update second_factor set secret = pending, pending = null, since = ?, last_step = ?
     where person_id = ? and pending = ?`,
  );
  const useStep = database.prepare<[number, string, number]>(
    'update second_factor set last_step = ? where person_id = ? and secret is not null and last_step < ?',
  );
  const remove = database.prepare<[string]>('delete from second_factor where person_id = ?');
  const codes = createRecoveryCodes(database);
  return {
    secondFactor: (personId) => find.get(personId),
    beginSecondFactor: (personId, sealedSecret) => begin.put(personId, sealedSecret),
    confirmSecondFactor: database.transaction(async (personId, { sealedSecret, step, at, codeHashes }) => {
      if ((await confirm.run(at, step, personId, sealedSecret)) === 0) return false;
      await codes.replace(personId, codeHashes);
      return true;
    }),
    useStep: async (personId, step) => (await useStep.run(step, personId, step)) === 1,
    useRecoveryCode: codes.use,
    recoveryCodesLeft: codes.left,
    replaceRecoveryCodes: database.transaction(codes.replace),
    removeSecondFactor: database.transaction(async (personId) => {
      await remove.run(personId);
      await codes.replace(personId, []);
    }),
    ...createRolePolicy(database),
  };
};

const createRecoveryCodes = (database: Database) => {
  const use = database.prepare<[string, string]>(
    'delete from recovery_code where person_id = ? and code_hash = ?',
  );
  const left = database
    .prepare<[string], number>('select count(*) from recovery_code where person_id = ?')
    .pluck();
  const removeAll = database.prepare<[string]>('delete from recovery_code where person_id = ?');
  const add = database.prepare<[string, string]>(
    'insert into recovery_code (person_id, code_hash) values (?, ?)',
  );
  return {
    use: async (personId: string, codeHash: string): Promise<boolean> =>
      (await use.run(personId, codeHash)) === 1,
    left: async (personId: string): Promise<number> => (await left.get(personId)) ?? 0,
    replace: async (personId: string, codeHashes: readonly string[]): Promise<void> => {
      await removeAll.run(personId);
      for (const codeHash of codeHashes) await add.run(personId, codeHash);
    },
  };
};

const createRolePolicy = (
  database: Database,
): Pick<
  Asynchronous<SecondFactorTable>,
  'secondFactorRoles' | 'setSecondFactorRoles' | 'requireOfSessions'
> => {
  const roles = database
    .prepare<[string], Role>('select role from second_factor_role where organisation_id = ? order by role')
    .pluck();
  const require = database.prepare<[SessionNeed, readonly string[]]>(
    `update session set needs = ? where second_factor = 0 and needs is null
       and person_id in (select unnest(?::text[]))`,
  );
  const removeAll = database.prepare<[string]>('delete from second_factor_role where organisation_id = ?');
  const add = database.prepare<[string, string]>(
    'insert into second_factor_role (organisation_id, role) values (?, ?)',
  );
  return {
    secondFactorRoles: (organisationId) => roles.all(organisationId),
    setSecondFactorRoles: database.transaction(async (organisationId: string, wanted: readonly Role[]) => {
      await removeAll.run(organisationId);
      for (const role of new Set<Role>(wanted)) await add.run(organisationId, role);
    }),
    requireOfSessions: (personIds, need) => require.put(need, personIds),
  };
};
