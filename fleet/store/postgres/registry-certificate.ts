import type {
  CertificateCount,
  EndedCertificate,
  GatewayCertificate,
  IdentityStore,
} from '../identity-store.js';
import type { RegistryDatabase as Database } from './registry-database.js';
import type { Asynchronous } from '../asynchronous.js';

type CertificateTables = Pick<
  Asynchronous<IdentityStore>,
  | 'certificate'
  | 'certificatesOf'
  | 'endedCertificates'
  | 'addRenewed'
  | 'noteCertificateUsed'
  | 'countCertificates'
>;

const COLUMNS = `thumbprint, gateway_id as "gatewayId", pem, not_before as "notBefore", not_after as "notAfter",
  csr_hash as "csrHash", used_at as "usedAt", superseded_at as "supersededAt", revoked_at as "revokedAt"`;

interface CertificateRow {
  readonly thumbprint: string;
  readonly gatewayId: string;
  readonly pem: string;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly csrHash: string | null;
  readonly usedAt: number | null;
  readonly supersededAt: number | null;
  readonly revokedAt: number | null;
}

const certificateOf = (row: CertificateRow): GatewayCertificate => {
  const { csrHash, usedAt, supersededAt, revokedAt, ...certificate } = row;
  return {
    ...certificate,
    ...(csrHash === null ? {} : { csrHash }),
    ...(usedAt === null ? {} : { usedAt }),
    ...(supersededAt === null ? {} : { supersededAt }),
    ...(revokedAt === null ? {} : { revokedAt }),
  };
};

/** Stores a certificate; within the transaction of its caller. */
export const prepareCertificateInsert = (database: Database) => {
  const add = database.prepare(
    `insert into certificate (thumbprint, gateway_id, pem, not_before, not_after, csr_hash)
     values (@thumbprint, @gatewayId, @pem, @notBefore, @notAfter, @csrHash)`,
  );
  return ({
    thumbprint,
    gatewayId,
    pem,
    notBefore,
    notAfter,
    csrHash = null,
  }: CertificateInsert): Promise<void> =>
    add.put({ thumbprint, gatewayId, pem, notBefore, notAfter, csrHash });
};
type CertificateInsert = Omit<GatewayCertificate, 'csrHash'> & { readonly csrHash?: string | null };

/** Certificates of gateways: two may be good at a time, the one in use and the one that follows it. */
export const createCertificateTables = (database: Database): CertificateTables => {
  const certificate = database.prepare<[string], CertificateRow>(
    `select ${COLUMNS} from certificate where thumbprint = ?`,
  );
  const certificatesOf = database.prepare<[string], CertificateRow>(
    `select ${COLUMNS} from certificate where gateway_id = ? order by not_before, number`,
  );
  const ended = database.prepare<[number], EndedCertificate>(
    `select pem, coalesce(revoked_at, superseded_at) as "endedAt" from certificate
     where (superseded_at is not null or revoked_at is not null) and not_after > ? order by number`,
  );
  return {
    certificate: async (thumbprint) => {
      const row = await certificate.get(thumbprint);
      return row === undefined ? undefined : certificateOf(row);
    },
    certificatesOf: async (gatewayId) => (await certificatesOf.all(gatewayId)).map(certificateOf),
    endedCertificates: (now) => ended.all(now),
    countCertificates: createCount(database),
    ...createSuccession(database),
  };
};

const createSuccession = (
  database: Database,
): Pick<CertificateTables, 'addRenewed' | 'noteCertificateUsed'> => {
  const insert = prepareCertificateInsert(database);
  const sameRequest = database.prepare<[string, string], { thumbprint: string }>(
    'select thumbprint from certificate where gateway_id = ? and csr_hash = ?',
  );
  const supersedeUnused = database.prepare(
    `update certificate set superseded_at = @at where gateway_id = @gatewayId and thumbprint <> @presented
       and used_at is null and superseded_at is null`,
  );
  const use = database.prepare('update certificate set used_at = ? where thumbprint = ? and used_at is null');
  const supersedeOlder = database.prepare(
    `update certificate set superseded_at = @at
     where superseded_at is null and number < (select number from certificate where thumbprint = @thumbprint)
       and gateway_id = (select gateway_id from certificate where thumbprint = @thumbprint)`,
  );
  const renew = database.transaction(
    async (...[issued, presented, at]: Parameters<IdentityStore['addRenewed']>) => {
      const { gatewayId, csrHash = '' } = issued;
      if ((await sameRequest.get(gatewayId, csrHash)) !== undefined) return false;
      await supersedeUnused.run({ gatewayId, presented, at });
      await insert(issued);
      return true;
    },
  );
  const noteUsed = database.transaction(async (thumbprint: string, at: number) => {
    if ((await use.run(at, thumbprint)) === 0) return false;
    return (await supersedeOlder.run({ thumbprint, at })) > 0;
  });
  return {
    addRenewed: (...renewed) => renew(...renewed),
    noteCertificateUsed: (thumbprint, at) => noteUsed(thumbprint, at),
  };
};

const createCount = (database: Database): Asynchronous<IdentityStore>['countCertificates'] => {
  const count = database.prepare<[{ now: number }], CertificateCount>(
    `select
       count(*) filter (where live and not_after > @now) as valid,
       count(*) filter (where live and not_after > @now and @now - not_before >= (not_after - not_before) * 2 / 3) as due,
       count(*) filter (where live and not_after <= @now) as expired,
       count(*) filter (where revoked_at is null and superseded_at is not null) as superseded,
       count(*) filter (where revoked_at is not null) as revoked
     from (select *, revoked_at is null and superseded_at is null as live from certificate) c`,
  );
  return async (now) =>
    (await count.get({ now })) ?? { valid: 0, due: 0, expired: 0, superseded: 0, revoked: 0 };
};
