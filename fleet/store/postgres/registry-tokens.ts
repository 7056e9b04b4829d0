import type { ClaimDecision, EnrolmentToken, HeldClaim, IdentityStore, TokenUse } from '../identity-store.js';
import type { RegistryDatabase as Database } from './registry-database.js';
import { pageParameters, reachParameters, within } from './reach.js';
import type { Asynchronous } from '../asynchronous.js';

type TokenTables = Pick<
  Asynchronous<IdentityStore>,
  | 'addEnrolmentToken'
  | 'enrolmentToken'
  | 'enrolmentTokens'
  | 'enrolmentTokensIn'
  | 'enrolmentTokenIn'
  | 'revokeEnrolmentToken'
  | 'holdClaim'
  | 'heldClaim'
  | 'heldClaims'
  | 'heldClaimsIn'
  | 'heldClaimIn'
  | 'decideClaim'
>;

/** Claim tokens, and claims that wait for an operator. */
export const createTokenTables = (database: Database): TokenTables => ({
  ...createTokens(database),
  ...createHeldClaims(database),
});

interface TokenRow {
  readonly id: string;
  readonly secretHash: string;
  readonly organisationId: string;
  readonly createdBy: string;
  readonly expires: number;
  readonly serial: string | null;
  readonly approval: number;
  readonly replaces: string | null;
  readonly siteId: string | null;
  readonly revokedAt: number | null;
  readonly usedBy: string | null;
  readonly usedAt: number | null;
  readonly csrHash: string | null;
}

const TOKEN = `select t.id, t.secret_hash as "secretHash", t.organisation_id as "organisationId",
  t.created_by as "createdBy", t.expires, t.serial, t.approval, t.replaces, t.site_id as "siteId",
  t.revoked_at as "revokedAt", t.used_by as "usedBy", t.used_at as "usedAt", t.csr_hash as "csrHash" from`;
const WITHIN = within('enrolment_token');
/** Of a role that is limited to a site, what is bound to that. */
const AT_SITE = '(@site::text is null or t.site_id = @site)';

interface ReachParameters {
  readonly organisations: readonly string[];
  readonly site: string | null;
}
interface PageParameters extends ReachParameters {
  readonly after: string;
  readonly limit: number;
}

const tokenOf = (row: TokenRow): EnrolmentToken => {
  const { usedBy, usedAt, csrHash, serial, approval, replaces, siteId, revokedAt, ...rest } = row;
  const token = {
    ...rest,
    serial: serial ?? undefined,
    approval: approval !== 0,
    replaces: replaces ?? undefined,
    siteId: siteId ?? undefined,
    revokedAt: revokedAt ?? undefined,
  };
  if (usedBy === null || usedAt === null || csrHash === null) return token;
  return { ...token, used: { gatewayId: usedBy, at: usedAt, csrHash } };
};

const createTokens = (
  database: Database,
): Pick<
  TokenTables,
  | 'addEnrolmentToken'
  | 'enrolmentToken'
  | 'enrolmentTokens'
  | 'enrolmentTokensIn'
  | 'enrolmentTokenIn'
  | 'revokeEnrolmentToken'
> => {
  const add = database.prepare(
    `insert into enrolment_token
       (id, secret_hash, organisation_id, created_by, expires, serial, approval, replaces, site_id)
     values (@id, @secretHash, @organisationId, @createdBy, @expires, @serial, @approval, @replaces, @siteId)`,
  );
  const find = database.prepare<[string], TokenRow>(`${TOKEN} enrolment_token t where t.secret_hash = ?`);
  const list = database.prepare<[], TokenRow>(`${TOKEN} enrolment_token t order by t.expires, t.id`);
  const page = database.prepare<[PageParameters], TokenRow>(
    `${TOKEN} ${WITHIN} where t.id > @after and ${AT_SITE} order by t.id limit @limit`,
  );
  const one = database.prepare<[ReachParameters & { id: string }], TokenRow>(
    `${TOKEN} ${WITHIN} and t.id = @id where ${AT_SITE}`,
  );
  const revoke = database.prepare(
    'update enrolment_token set revoked_at = ? where id = ? and revoked_at is null and used_by is null',
  );
  return {
    addEnrolmentToken: async ({ id, secretHash, organisationId, createdBy, expires, ...more }) => {
      const { serial = null, approval = false, replaces = null, siteId = null } = more;
      const bounds = { serial, approval: Number(approval), replaces, siteId };
      await add.run({ id, secretHash, organisationId, createdBy, expires, ...bounds });
    },
    enrolmentToken: async (secretHash) => {
      const row = await find.get(secretHash);
      return row === undefined ? undefined : tokenOf(row);
    },
    enrolmentTokens: async () => (await list.all()).map(tokenOf),
    enrolmentTokensIn: async (reach, wanted) => (await page.all(pageParameters(reach, wanted))).map(tokenOf),
    enrolmentTokenIn: async (reach, id) => {
      const row = await one.get({ ...reachParameters(reach), id });
      return row === undefined ? undefined : tokenOf(row);
    },
    revokeEnrolmentToken: async (id, at) => (await revoke.run(at, id)) === 1,
  };
};

interface HeldRow {
  readonly gatewayId: string;
  readonly organisationId: string;
  readonly name: string;
  readonly serial: string | null;
  readonly csrHash: string;
  readonly askedAt: number;
  readonly replaces: string | null;
  readonly siteId: string | null;
  readonly decidedAt: number | null;
  readonly decidedBy: string | null;
  readonly approved: number | null;
  readonly reason: string | null;
}

const HELD = `select h.gateway_id as "gatewayId", t.organisation_id as "organisationId", h.name, h.serial,
  h.csr_hash as "csrHash", h.asked_at as "askedAt", t.replaces, t.site_id as "siteId", h.decided_at as "decidedAt",
  h.decided_by as "decidedBy", h.approved, h.reason from`;
const CLAIMS = 'held_claim h join enrolment_token t on t.id = h.token_id';
/** Token by token: every claim has one of its own. */
const CLAIMS_WITHIN = `${WITHIN} join held_claim h on h.token_id = t.id`;

const heldOf = ({ decidedAt, decidedBy, approved, reason, ...row }: HeldRow): HeldClaim => {
  const decision: ClaimDecision | undefined =
    decidedAt === null
      ? undefined
      : { approved: approved === 1, at: decidedAt, by: decidedBy ?? '', reason: reason ?? '' };
  return {
    ...row,
    serial: row.serial ?? undefined,
    replaces: row.replaces ?? undefined,
    siteId: row.siteId ?? undefined,
    decision,
  };
};

/** The statement that uses a token once; its `changes` say whether it did. */
export const prepareTokenUse = (database: Database) => {
  const use = database.prepare(
    `update enrolment_token set used_by = @gatewayId, used_at = @at, csr_hash = @csrHash
     where secret_hash = @secretHash and used_by is null and revoked_at is null`,
  );
  return async (secretHash: string, used: TokenUse): Promise<boolean> =>
    (await use.run({ ...used, secretHash })) === 1;
};

const createHeldClaims = (
  database: Database,
): Pick<
  TokenTables,
  'holdClaim' | 'heldClaim' | 'heldClaims' | 'heldClaimsIn' | 'heldClaimIn' | 'decideClaim'
> => {
  const useToken = prepareTokenUse(database);
  const add = database.prepare(
    `insert into held_claim (gateway_id, token_id, name, serial, csr_hash, asked_at)
     select @gatewayId, id, @name, @serial, @csrHash, @at from enrolment_token where secret_hash = @secretHash`,
  );
  const find = database.prepare<[string], HeldRow>(`${HELD} ${CLAIMS} where h.gateway_id = ?`);
  const waiting = database.prepare<[], HeldRow>(
    `${HELD} ${CLAIMS} where h.decided_at is null order by h.asked_at, h.gateway_id`,
  );
  const page = database.prepare<[PageParameters & { askedAfter: number }], HeldRow>(
    `${HELD} ${CLAIMS_WITHIN} where h.decided_at is null and h.asked_at > @askedAfter and h.gateway_id > @after
       and ${AT_SITE} order by h.gateway_id limit @limit`,
  );
  const one = database.prepare<[ReachParameters & { id: string }], HeldRow>(
    `${HELD} ${CLAIMS_WITHIN} where h.gateway_id = @id and ${AT_SITE}`,
  );
  const decide = database.prepare(
    `update held_claim set decided_at = @at, decided_by = @by, approved = @approved, reason = @reason
     where gateway_id = @gatewayId and decided_at is null`,
  );
  const hold = database.transaction(
    async (...[secretHash, use, claim]: Parameters<IdentityStore['holdClaim']>) => {
      if (!(await useToken(secretHash, use))) return false;
      await add.run({ ...use, ...claim, serial: claim.serial ?? null, secretHash });
      return true;
    },
  );
  return {
    holdClaim: (...claim) => hold(...claim),
    heldClaim: async (gatewayId) => {
      const row = await find.get(gatewayId);
      return row === undefined ? undefined : heldOf(row);
    },
    heldClaims: async () => (await waiting.all()).map(heldOf),
    heldClaimsIn: async (reach, askedAfter, wanted) =>
      (await page.all({ ...pageParameters(reach, wanted), askedAfter })).map(heldOf),
    heldClaimIn: async (reach, id) => {
      const row = await one.get({ ...reachParameters(reach), id });
      return row === undefined ? undefined : heldOf(row);
    },
    decideClaim: async (gatewayId, { approved, ...decision }) =>
      (await decide.run({ gatewayId, ...decision, approved: Number(approved) })) === 1,
  };
};
