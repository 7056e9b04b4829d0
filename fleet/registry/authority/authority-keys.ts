import { KeyObject, randomBytes, X509Certificate } from 'node:crypto';
import type { AuthorityFiles } from './authority-files.js';
import {
  certify,
  decryptKey,
  encryptedKeyPem,
  holdsKeyOf,
  makeKeyPair,
  signingKeyOf,
  thumbprintOf,
  timeOf,
  type Signer,
} from './certificates.js';
import { AuthorityError } from './errors.js';

const DAY_MS = 86_400_000;
const ROOT_DAYS = 20 * 365;
const ISSUER_DAYS = 5 * 365;
/** A new issuing certificate is made when the old one has less left than this. */
const ISSUER_RENEWAL_DAYS = 365;
/** For clocks that are slow. */
const BACKDATED_MS = 300_000;
const PASSPHRASE_BYTES = 32;

export const ROOT_CERTIFICATE = 'root.pem';
export const ROOT_KEY = 'root.key';
/** Certificate and key in one file: it is replaced by a new issuer, and must never be half old, half new. */
export const ISSUER = 'issuer.pem';
/** The passphrase, where the operator gives none. */
export const PASSPHRASE = 'passphrase';
const FORMER = /^former-[0-9a-f]{16}\.pem$/;

/** The authority's folder with what opens its keys. */
export interface Vault {
  readonly files: AuthorityFiles;
  readonly passphrase: string;
  /** UTC ms. */
  readonly now: () => number;
}

/** The passphrase beside the keys, made where it is missing. */
export const passphraseBeside = async (files: AuthorityFiles): Promise<string> => {
  const known = await files.read(PASSPHRASE);
  if (known !== undefined) return known.trim();
  if ((await files.read(ROOT_CERTIFICATE)) !== undefined) {
    throw new AuthorityError(
      'passphrase',
      `The authority's keys are encrypted, and there is neither a passphrase nor the file ${PASSPHRASE}; give the passphrase (--ca-passphrase-file, TERROIR_CA_PASSPHRASE).`,
    );
  }
  const made = randomBytes(PASSPHRASE_BYTES).toString('base64url');
  await files.write(PASSPHRASE, `${made}\n`);
  return made;
};

export const makeRoot = async (vault: Vault): Promise<X509Certificate> => {
  const { files } = vault;
  if ((await files.read(ISSUER)) !== undefined) {
    throw new AuthorityError('damaged', `${ROOT_CERTIFICATE} is missing beside ${ISSUER}; restore it.`);
  }
  const { publicKey, privateKey } = await makeKeyPair();
  const certificate = await certify({
    commonName: 'Terroir root',
    usage: { type: 'root' },
    publicKey,
    signer: { key: privateKey },
    ...validFor(ROOT_DAYS, vault),
  });
  // key first: a certificate without its key would be no use, a key without certificate is made anew
  await files.write(ROOT_KEY, encryptedKeyPem(KeyObject.from(privateKey), vault.passphrase));
  await files.write(ROOT_CERTIFICATE, certificate.toString());
  return certificate;
};

/** The issuing certificate and its key, made where there is none, or where it ends within a year. */
export const openIssuer = async (vault: Vault, root: X509Certificate): Promise<Signer> => {
  const certificate = await readCertificate(vault.files, ISSUER);
  if (certificate === undefined || timeOf(certificate.validTo) - vault.now() < ISSUER_RENEWAL_DAYS * DAY_MS) {
    return makeIssuer(vault, root);
  }
  if (!certificate.verify(root.publicKey)) {
    throw new AuthorityError('damaged', `${ISSUER} is not signed by ${ROOT_CERTIFICATE}; restore both.`);
  }
  return { certificate, key: await signingKeyOf(await readKey(vault, ISSUER, certificate)) };
};

/** Makes a new issuing certificate; the one before it stays with its key, for its list of revoked certificates. */
export const makeIssuer = async (
  vault: Vault,
  root: X509Certificate,
  rootKey?: KeyObject,
): Promise<Signer> => {
  const { files } = vault;
  const key = rootKey ?? (await readKey(vault, ROOT_KEY, root));
  const signer: Signer = { certificate: root, key: await signingKeyOf(key) };
  const { publicKey, privateKey } = await makeKeyPair();
  const certificate = await certify({
    commonName: 'Terroir issuer',
    usage: { type: 'issuer' },
    publicKey,
    signer,
    ...validFor(ISSUER_DAYS, vault, signer),
  });
  const former = await readCertificate(files, ISSUER);
  if (former !== undefined) await files.write(formerName(former), (await files.read(ISSUER)) ?? '');
  const text = certificate.toString() + encryptedKeyPem(KeyObject.from(privateKey), vault.passphrase);
  await files.write(ISSUER, text);
  return { certificate, key: await signingKeyOf(KeyObject.from(privateKey)) };
};

/** Issuing certificates of before. */
export const formerIssuers = async (files: AuthorityFiles): Promise<readonly X509Certificate[]> => {
  const names = (await files.names()).filter((name) => FORMER.test(name));
  const found = await Promise.all(names.map((name) => readCertificate(files, name)));
  return found.filter((certificate) => certificate !== undefined);
};

/** Those of them that have not expired, with their keys. */
export const formerSigners = async (vault: Vault): Promise<readonly Signer[]> => {
  const valid = (await formerIssuers(vault.files)).filter(({ validTo }) => timeOf(validTo) > vault.now());
  return Promise.all(
    valid.map(async (certificate) => {
      const key = await readKey(vault, formerName(certificate), certificate);
      return { certificate, key: await signingKeyOf(key) };
    }),
  );
};

/** The file of an issuing certificate of before. */
export const formerName = (certificate: X509Certificate): string =>
  `former-${thumbprintOf(certificate).slice(0, 16)}.pem`;

export const readCertificate = async (
  files: AuthorityFiles,
  name: string,
): Promise<X509Certificate | undefined> => {
  const pem = await files.read(name);
  if (pem === undefined) return undefined;
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new AuthorityError('damaged', `${name} holds no certificate; restore it.`, { cause });
  }
};

/** Reads the key in file `name`, which must be the certificate's. */
export const readKey = async (
  { files, passphrase }: Pick<Vault, 'files' | 'passphrase'>,
  name: string,
  certificate: X509Certificate,
): Promise<KeyObject> => {
  const pem = await files.read(name);
  if (pem === undefined) {
    throw new AuthorityError('damaged', `${name} is missing and needed now; put it back.`);
  }
  return keyOf(pem, { name, passphrase, certificate });
};

const ENCRYPTED = /-----BEGIN ENCRYPTED PRIVATE KEY-----[\s\S]*?-----END ENCRYPTED PRIVATE KEY-----/;

/** The key in a PEM text, which must be the certificate's. */
export const keyOf = (
  text: string,
  { name, passphrase, certificate }: { name: string; passphrase: string; certificate: X509Certificate },
): KeyObject => {
  const pem = ENCRYPTED.exec(text)?.[0];
  if (pem === undefined) throw new AuthorityError('damaged', `${name} holds no encrypted key; restore it.`);
  let key: KeyObject;
  try {
    key = decryptKey(pem, passphrase);
  } catch (cause) {
    throw new AuthorityError(
      'passphrase',
      `The passphrase does not open ${name}; was the service run with another one, or the file damaged?`,
      { cause },
    );
  }
  if (holdsKeyOf(certificate, key)) return key;
  throw new AuthorityError('damaged', `The key in ${name} is not its certificate's; restore both.`);
};

/** Whole seconds; never beyond the certificate that signs. */
export const validFor = (
  days: number,
  { now }: Pick<Vault, 'now'>,
  signer?: Signer,
): { notBefore: number; notAfter: number } => {
  const start = Math.floor(now() / 1000) * 1000;
  const last = signer === undefined ? Number.POSITIVE_INFINITY : timeOf(signer.certificate.validTo);
  return { notBefore: start - BACKDATED_MS, notAfter: Math.min(start + days * DAY_MS, last) };
};
