import type {
  CertificateCount,
  EndedCertificate,
  GatewayCertificate,
  IdentityStore,
} from '../identity-store.js';
import type { Database } from './database.js';
import { openToRead } from './migrate.js';
import { REGISTRY_MIGRATIONS } from './registry-migrations.js';

type CertificateTables = Pick<
  IdentityStore,
  | 'certificate'
  | 'certificatesOf'
  | 'endedCertificates'
  | 'addRenewed'
  | 'noteCertificateUsed'
  | 'countCertificates'
>;

/** The certificate of a thumbprint (hex) as PEM, read from a registry.db that a service may be using. */
export const readCertificatePem = (path: string, thumbprint: string): string | undefined => {
  const database = openToRead(path, REGISTRY_MIGRATIONS);
  try {
    return database
      .prepare<[string], { pem: string }>('select pem from certificate where thumbprint = ?')
      .get(thumbprint)?.pem;
  } finally {
    database.close();
  }
};

const COLUMNS = `thumbprint, gateway_id as gatewayId, pem, not_before as notBefore, not_after as notAfter,
  csr_hash as csrHash, used_at as usedAt, superseded_at as supersededAt, revoked_at as revokedAt`;

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
  return ({ thumbprint, gatewayId, pem, notBefore, notAfter, csrHash = null }: CertificateInsert): void =>
    void add.run({ thumbprint, gatewayId, pem, notBefore, notAfter, csrHash });
};
type CertificateInsert = Omit<GatewayCertificate, 'csrHash'> & { readonly csrHash?: string | null };

/** Certificates of gateways: two may be good at a time, the one in use and the one that follows it. */
export const createCertificateTables = (database: Database): CertificateTables => {
  const certificate = database.prepare<[string], CertificateRow>(
    `select ${COLUMNS} from certificate where thumbprint = ?`,
  );
  const certificatesOf = database.prepare<[string], CertificateRow>(
    `select ${COLUMNS} from certificate where gateway_id = ? order by not_before, rowid`,
  );
  const ended = database.prepare<[number], EndedCertificate>(
    `select pem, ifnull(revoked_at, superseded_at) as endedAt from certificate
     where (superseded_at is not null or revoked_at is not null) and not_after > ? order by rowid`,
  );
  return {
    certificate: (thumbprint) => {
      const row = certificate.get(thumbprint);
      return row === undefined ? undefined : certificateOf(row);
    },
    certificatesOf: (gatewayId) => certificatesOf.all(gatewayId).map(certificateOf),
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
     where superseded_at is null and rowid < (select rowid from certificate where thumbprint = @thumbprint)
       and gateway_id = (select gateway_id from certificate where thumbprint = @thumbprint)`,
  );
  const renew = database.transaction(
    (...[issued, presented, at]: Parameters<IdentityStore['addRenewed']>) => {
      const { gatewayId, csrHash = '' } = issued;
      if (sameRequest.get(gatewayId, csrHash) !== undefined) return false;
      supersedeUnused.run({ gatewayId, presented, at });
      insert(issued);
      return true;
    },
  );
  const noteUsed = database.transaction((thumbprint: string, at: number) => {
    if (use.run(at, thumbprint).changes === 0) return false;
    return supersedeOlder.run({ thumbprint, at }).changes > 0;
  });
  return {
    addRenewed: (...renewed) => renew.immediate(...renewed),
    noteCertificateUsed: (thumbprint, at) => noteUsed.immediate(thumbprint, at),
  };
};

const createCount = (database: Database): IdentityStore['countCertificates'] => {
  const count = database.prepare<[{ now: number }], CertificateCount>(
    `select
       ifnull(sum(live and not_after > @now), 0) as valid,
       ifnull(sum(live and not_after > @now and @now - not_before >= (not_after - not_before) * 2 / 3), 0) as due,
       ifnull(sum(live and not_after <= @now), 0) as expired,
       ifnull(sum(revoked_at is null and superseded_at is not null), 0) as superseded,
       ifnull(sum(revoked_at is not null), 0) as revoked
     from (select *, revoked_at is null and superseded_at is null as live from certificate)`,
  );
  return (now) => count.get({ now }) ?? { valid: 0, due: 0, expired: 0, superseded: 0, revoked: 0 };
};
