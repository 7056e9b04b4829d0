import type { GatewayCertificate, IdentityStore, TokenUse } from '../identity-store.js';
import { BEGINNING } from '../organisations-store.js';
import type { Gateway } from '../registry-store.js';
import type { RegistryDatabase as Database } from './registry-database.js';
import { prepareCertificateInsert } from './registry-certificate.js';
import { prepareTokenUse } from './registry-tokens.js';
import type { Asynchronous } from '../asynchronous.js';

type ClaimTables = Pick<
  Asynchronous<IdentityStore>,
  'claim' | 'grantClaim' | 'revokeGateway' | 'revocation' | 'revokedGateways' | 'successorOf'
>;

/** How a gateway comes to be, takes over from another, and ends: each in one transaction. */
export const createClaimTables = (database: Database, newId: () => string): ClaimTables => {
  const useToken = prepareTokenUse(database);
  const establish = prepareEstablish(database, newId);
  const bounds = database.prepare<[string], Bounds>(
    'select replaces, site_id as "siteId" from enrolment_token where secret_hash = ?',
  );
  const boundsOfClaim = database.prepare<[string], Bounds>(
    `select t.replaces, t.site_id as "siteId" from held_claim h join enrolment_token t on t.id = h.token_id
     where h.gateway_id = ?`,
  );
  const known = database.prepare('select 1 from gateway where id = ?');
  const claim = database.transaction(
    async (secretHash: string, use: TokenUse, gateway: Gateway, certificate: GatewayCertificate) => {
      if (!(await useToken(secretHash, use))) return false;
      await establish(gateway, { ...certificate, csrHash: use.csrHash }, await bounds.get(secretHash));
      return true;
    },
  );
  const grant = database.transaction(async (gateway: Gateway, certificate: GatewayCertificate) => {
    if ((await known.get(gateway.id)) !== undefined) return false;
    await establish(gateway, certificate, await boundsOfClaim.get(gateway.id));
    return true;
  });
  const successor = database.prepare<[string], { id: string }>(
    'select successor_id as id from succession where gateway_id = ?',
  );
  return {
    claim: (...use) => claim(...use),
    grantClaim: (...granted) => grant(...granted),
    successorOf: async (gatewayId) => (await successor.get(gatewayId))?.id,
    ...createRevocations(database),
  };
};

/** What the token of a claim says of the gateway that it makes. */
interface Bounds {
  readonly replaces: string | null;
  readonly siteId: string | null;
}

/** A new gateway stands where its token says, else where the one stood that it replaces. */
const prepareEstablish = (database: Database, newId: () => string) => {
  const addGateway = database.prepare(
    `insert into gateway (id, organisation_id, name, created_at, site_id)
     values (@id, @organisationId, @name, @createdAt, coalesce(
       (select id from site where id = @siteId and merged_into is null),
       (select site_id from gateway where id = @replaces)))`,
  );
  const addHolding = database.prepare(
    'insert into gateway_holding (id, gateway_id, organisation_id, "from") values (?, ?, ?, ?)',
  );
  const addCertificate = prepareCertificateInsert(database);
  const succeed = prepareSuccession(database);
  return async (
    gateway: Gateway,
    certificate: GatewayCertificate,
    bounds: Bounds | undefined,
  ): Promise<void> => {
    const { id, organisationId, name, createdAt } = gateway;
    const { replaces = null, siteId = null } = bounds ?? {};
    await addGateway.run({ id, organisationId, name, createdAt, siteId, replaces });
    await addHolding.run(newId(), id, organisationId, BEGINNING);
    await addCertificate(certificate);
    if (replaces !== null) await succeed(replaces, id, createdAt);
  };
};

/** An id for a row that is made of another. */
const ROW_ID = "left(replace(gen_random_uuid()::text, '-', ''), 20)";

/** Devices go on under the successor, with their points; who read them until when stays in the assignments. */
const prepareSuccession = (database: Database) => {
  const note = database.prepare(
    'insert into succession (gateway_id, successor_id, at) values (@old, @successor, @at)',
  );
  const assign = database.prepare(
    `insert into assignment (id, device_id, gateway_id, key, "from")
     select ${ROW_ID}, device_id, @successor, key, @at from assignment where gateway_id = @old and "to" is null`,
  );
  // what the old one called a location means the same to the new one
  const name = database.prepare(
    `insert into location_alias (id, gateway_id, key, location_id)
     select ${ROW_ID}, @successor, key, location_id from location_alias where gateway_id = @old`,
  );
  const end = database.prepare('update assignment set "to" = @at where gateway_id = @old and "to" is null');
  const revoke = prepareRevoke(database);
  const event = database.prepare(
    `insert into event (gateway_id, kind, detail, first_at, last_at, count)
     values (@gatewayId, @kind, @detail, @at, @at, 1)`,
  );
  return async (old: string, successor: string, at: number): Promise<void> => {
    await note.run({ old, successor, at });
    await assign.run({ old, successor, at });
    await name.run({ old, successor });
    await end.run({ old, at });
    await revoke(old, { at, by: 'terroir-fleet', reason: `replaced by ${successor}` });
    await event.run({ gatewayId: old, kind: 'replaced', detail: `its devices go on under ${successor}`, at });
    await event.run({
      gatewayId: successor,
      kind: 'successor',
      detail: `took over the devices of ${old}`,
      at,
    });
  };
};

const prepareRevoke = (database: Database) => {
  const add = database.prepare(
    `insert into revocation (gateway_id, at, by, reason)
     select id, @at, @by, @reason from gateway where id = @gatewayId on conflict do nothing`,
  );
  const certificates = database.prepare(
    'update certificate set revoked_at = @at where gateway_id = @gatewayId and revoked_at is null',
  );
  return async (
    gatewayId: string,
    { at, by, reason }: Parameters<IdentityStore['revokeGateway']>[1],
  ): Promise<boolean> => {
    if ((await add.run({ gatewayId, at, by, reason })) === 0) return false;
    await certificates.run({ gatewayId, at });
    return true;
  };
};

const createRevocations = (
  database: Database,
): Pick<ClaimTables, 'revokeGateway' | 'revocation' | 'revokedGateways'> => {
  const revoke = database.transaction(prepareRevoke(database));
  const find = database.prepare<[string], { at: number; by: string; reason: string }>(
    'select at, by, reason from revocation where gateway_id = ?',
  );
  const all = database.prepare<[], { id: string }>('select gateway_id as id from revocation');
  return {
    revokeGateway: (...revocation) => revoke(...revocation),
    revocation: (gatewayId) => find.get(gatewayId),
    revokedGateways: async () => (await all.all()).map(({ id }) => id),
  };
};
