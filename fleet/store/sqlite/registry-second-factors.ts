import type { Role, SecondFactor, SecondFactorTable, SessionNeed } from '../people-store.js';
import type { Database } from './database.js';

/** Second factors, recovery codes, and which roles need one. What works once is taken by a conditional write. */
export const createSecondFactorTable = (database: Database): SecondFactorTable => {
  const find = database.prepare<[string], SecondFactor>(
    `select secret as sealedSecret, since, pending as sealedPending, last_step as lastStep
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
    beginSecondFactor: (personId, sealedSecret) => void begin.run(personId, sealedSecret),
    confirmSecondFactor: database.transaction((personId, { sealedSecret, step, at, codeHashes }) => {
      if (confirm.run(at, step, personId, sealedSecret).changes === 0) return false;
      codes.replace(personId, codeHashes);
      return true;
    }),
    useStep: (personId, step) => useStep.run(step, personId, step).changes === 1,
    useRecoveryCode: codes.use,
    recoveryCodesLeft: codes.left,
    replaceRecoveryCodes: database.transaction(codes.replace),
    removeSecondFactor: database.transaction((personId) => {
      remove.run(personId);
      codes.replace(personId, []);
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
    use: (personId: string, codeHash: string): boolean => use.run(personId, codeHash).changes === 1,
    left: (personId: string): number => left.get(personId) ?? 0,
    replace: (personId: string, codeHashes: readonly string[]): void => {
      removeAll.run(personId);
      for (const codeHash of codeHashes) add.run(personId, codeHash);
    },
  };
};

const createRolePolicy = (
  database: Database,
): Pick<SecondFactorTable, 'secondFactorRoles' | 'setSecondFactorRoles' | 'requireOfSessions'> => {
  const roles = database
    .prepare<[string], Role>('select role from second_factor_role where organisation_id = ? order by role')
    .pluck();
  const require = database.prepare<[SessionNeed, string]>(
    `update session set needs = ? where second_factor = 0 and needs is null
       and person_id in (select value from json_each(?))`,
  );
  const removeAll = database.prepare<[string]>('delete from second_factor_role where organisation_id = ?');
  const add = database.prepare<[string, string]>(
    'insert into second_factor_role (organisation_id, role) values (?, ?)',
  );
  return {
    secondFactorRoles: (organisationId) => roles.all(organisationId),
    setSecondFactorRoles: database.transaction((organisationId: string, wanted: readonly Role[]) => {
      removeAll.run(organisationId);
      for (const role of new Set<Role>(wanted)) add.run(organisationId, role);
    }),
    requireOfSessions: (personIds, need) => void require.run(need, JSON.stringify(personIds)),
  };
};
