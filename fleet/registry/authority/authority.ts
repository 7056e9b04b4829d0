import { type KeyObject, X509Certificate } from 'node:crypto';
import { openAuthorityFiles } from './authority-files.js';
import {
  formerIssuers,
  formerSigners,
  ISSUER,
  makeRoot,
  openIssuer,
  passphraseBeside,
  readCertificate,
  ROOT_CERTIFICATE,
  validFor,
  type Vault,
} from './authority-keys.js';
import { readGatewayRequest } from './certificate-request.js';
import {
  certify,
  makeKeyPair,
  privateKeyPem,
  thumbprintOf,
  timeOf,
  type Signer,
  type Statement,
} from './certificates.js';
import { AuthorityError } from './errors.js';
import { makeRevocationLists, type Revoked } from './revocation-list.js';

const GATEWAY_DAYS = 90;
/** The service may run this long without a restart or a renewal. */
const SERVER_DAYS = 397;

/** The fleet's own certificate authority. All certificates are PEM, P-256. */
export interface Authority {
  readonly rootPem: string;
  /** SHA-256 of the root's DER, hex: what gateways pin. */
  readonly rootFingerprint: string;
  /** The issuing certificate that signs now. */
  readonly issuerPem: string;
  /** The same, after a look whether another process has made a new one (`ca rotate`). */
  currentIssuerPem(): Promise<string>;
  /** The issuing certificate that signed this one: now, or before a rotation. Throws `AuthorityError` `damaged`. */
  issuerOf(certificatePem: string): string;
  /**
   * Certifies the key of a PKCS#10 request under the name `gatewayId`, whatever the request says of itself: for
   * clients only, 90 days. Rejects with `AuthorityError` `request-*`.
   */
  issueGateway(order: { readonly csrPem: string; readonly gatewayId: string }): Promise<IssuedCertificate>;
  /** Makes key and certificate for a server of these names (DNS or IP); kept nowhere, made anew at each start. */
  issueServer(order: { readonly names: readonly string[] }): Promise<KeyAndCertificate>;
  /** Makes key and certificate of a signer of documents (RFC 9336); kept nowhere. */
  issueDocumentSigner(order: { readonly name: string }): Promise<KeyAndCertificate>;
  /** The same for a program of the fleet at an external broker, whose `name` can be no gateway's id. */
  issueClient(order: { readonly name: string }): Promise<KeyAndCertificate>;
  /** Which certificates are good no more: a list of each issuer, of now and of before a rotation, PEM. */
  revocationLists(revoked: readonly Revoked[]): Promise<string>;
}

export interface IssuedCertificate {
  readonly pem: string;
  /** SHA-256 of the DER, hex. */
  readonly thumbprint: string;
  /** UTC ms. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly publicKey: KeyObject;
}

export interface KeyAndCertificate {
  readonly keyPem: string;
  /** Leaf, then the issuing certificate; append `rootPem` where clients know the root's fingerprint only. */
  readonly certificatePem: string;
}

export interface AuthorityDeps {
  /** UTC ms. */
  readonly now: () => number;
  /** Of the keys; absent: the one beside them, made at the first start. */
  readonly passphrase?: string | undefined;
}

/**
 * Opens the authority of `folder`; at the first start makes a root (20 years) and an issuing certificate (5 years).
 * The root's key is read only to sign an issuing certificate, so it may be kept elsewhere in between. Rejects with
 * `AuthorityError` `damaged` rather than make a second root, or `passphrase`.
 */
export const openAuthority = async (folder: string, deps: AuthorityDeps): Promise<Authority> => {
  const vault = await openVault(folder, deps);
  const root = (await readCertificate(vault.files, ROOT_CERTIFICATE)) ?? (await makeRoot(vault));
  const issuers = await openIssuers(vault, root);
  return {
    rootPem: root.toString(),
    rootFingerprint: thumbprintOf(root),
    get issuerPem() {
      return issuers.now().certificate.toString();
    },
    currentIssuerPem: async () => (await issuers.current()).certificate.toString(),
    issuerOf: (pem) => issuers.of(new X509Certificate(pem)).toString(),
    issueGateway: async ({ csrPem, gatewayId }) => {
      const { publicKey } = await readGatewayRequest(csrPem);
      const signer = await issuers.current();
      const validity = validFor(GATEWAY_DAYS, vault, signer);
      const usage = { type: 'gateway' } as const;
      return issued(await certify({ commonName: gatewayId, usage, publicKey, signer, ...validity }));
    },
    issueServer: async ({ names }) =>
      issueWithKey(vault, await issuers.current(), {
        commonName: names[0] ?? 'terroir',
        usage: { type: 'server', names },
      }),
    issueDocumentSigner: async ({ name }) =>
      issueWithKey(vault, await issuers.current(), { commonName: name, usage: { type: 'documents' } }),
    issueClient: async ({ name }) =>
      issueWithKey(vault, await issuers.current(), { commonName: name, usage: { type: 'gateway' } }),
    revocationLists: async (revoked) => {
      const signers = [await issuers.current(), ...(await formerSigners(vault))];
      return makeRevocationLists(revoked, signers, vault.now());
    },
  };
};

const issueWithKey = async (
  deps: AuthorityDeps,
  signer: Signer,
  { commonName, usage }: Pick<Statement, 'commonName' | 'usage'>,
): Promise<KeyAndCertificate> => {
  const { publicKey, privateKey } = await makeKeyPair();
  const validity = validFor(SERVER_DAYS, deps, signer);
  const leaf = await certify({ commonName, usage, publicKey, signer, ...validity });
  return {
    keyPem: privateKeyPem(privateKey),
    certificatePem: leaf.toString() + signer.certificate.toString(),
  };
};

/** The folder with what opens its keys. */
export const openVault = async (folder: string, deps: AuthorityDeps): Promise<Vault> => {
  const files = await openAuthorityFiles(folder);
  return { files, passphrase: deps.passphrase ?? (await passphraseBeside(files)), now: deps.now };
};

/** The public key that a certificate (PEM) speaks for. Throws where `pem` is no certificate. */
export const publicKeyOf = (pem: string): KeyObject => new X509Certificate(pem).publicKey;

/** Issuing certificates: the one that signs, and those before it. */
interface Issuers {
  now(): Signer;
  /** Looks first whether another process has made a new one (`ca rotate`). */
  current(): Promise<Signer>;
  of(certificate: X509Certificate): X509Certificate;
}

const openIssuers = async (vault: Vault, root: X509Certificate): Promise<Issuers> => {
  let signer = await openIssuer(vault, root);
  let text = await vault.files.read(ISSUER);
  const known = [signer.certificate, ...(await formerIssuers(vault.files))];
  return {
    now: () => signer,
    current: async () => {
      const found = await vault.files.read(ISSUER);
      if (found !== text) {
        signer = await openIssuer(vault, root);
        text = found;
        known.unshift(signer.certificate);
      }
      return signer;
    },
    of: (certificate) => {
      const issuer = known.find((each) => certificate.verify(each.publicKey));
      if (issuer !== undefined) return issuer;
      throw new AuthorityError('damaged', 'The issuing certificate of a gateway is missing; restore it.');
    },
  };
};

const issued = (certificate: X509Certificate): IssuedCertificate => ({
  pem: certificate.toString(),
  thumbprint: thumbprintOf(certificate),
  notBefore: timeOf(certificate.validFrom),
  notAfter: timeOf(certificate.validTo),
  publicKey: certificate.publicKey,
});
