import { X509Certificate, type KeyObject } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openVault, type AuthorityDeps } from './authority.js';
import {
  formerIssuers,
  formerName,
  ISSUER,
  keyOf,
  makeIssuer,
  PASSPHRASE,
  readCertificate,
  ROOT_CERTIFICATE,
  ROOT_KEY,
  type Vault,
} from './authority-keys.js';
import { encryptedKeyPem, thumbprintOf, timeOf } from './certificates.js';
import { AuthorityError } from './errors.js';

/** One certificate of the authority, as people see it. Times are UTC ms. */
export interface CertificateView {
  /** SHA-256 of the DER, hex. */
  readonly fingerprint: string;
  readonly notBefore: number;
  readonly notAfter: number;
}

export interface AuthorityStatus {
  readonly root: CertificateView & { /** Whether its key lies here. */ readonly keyHere: boolean };
  readonly issuer: CertificateView;
  readonly formerIssuers: readonly CertificateView[];
  /** Where the passphrase of the keys is. */
  readonly passphrase: 'given' | 'beside the keys';
}

/** What an operator does with the authority's folder, also beside a running service. Rejects with `AuthorityError`. */
export interface AuthorityCare {
  status(): Promise<AuthorityStatus>;
  rootPem(): Promise<string>;
  /** The root's key as it is kept (encrypted), to be taken elsewhere. */
  rootKeyPem(): Promise<string>;
  removeRootKey(): Promise<void>;
  /** Makes a new issuing certificate; `rootKeyPem` where the root's key is kept elsewhere. */
  rotate(rootKeyPem?: string): Promise<CertificateView>;
  /** Encrypts the keys that lie here anew. Done twice it does no harm: a cut between two files is mended so. */
  changePassphrase(next: string): Promise<void>;
}

/** Opens an authority that exists; nothing is made here. */
export const openAuthorityCare = async (folder: string, deps: AuthorityDeps): Promise<AuthorityCare> => {
  if (!existsSync(join(folder, ROOT_CERTIFICATE))) {
    throw new AuthorityError('damaged', `There is no authority in ${folder}: start the fleet once (serve).`);
  }
  const vault = await openVault(folder, deps);
  const root = await requireCertificate(vault, ROOT_CERTIFICATE);
  return {
    status: async () => ({
      root: { ...viewOf(root), keyHere: (await vault.files.read(ROOT_KEY)) !== undefined },
      issuer: viewOf(await requireCertificate(vault, ISSUER)),
      formerIssuers: (await formerIssuers(vault.files)).map(viewOf),
      passphrase: (await vault.files.read(PASSPHRASE)) === undefined ? 'given' : 'beside the keys',
    }),
    rootPem: async () => root.toString(),
    rootKeyPem: () => requireText(vault, ROOT_KEY),
    removeRootKey: () => vault.files.remove(ROOT_KEY),
    rotate: async (rootKeyPem) => {
      const { passphrase } = vault;
      const from = { name: "the root's key", passphrase, certificate: root };
      const key = rootKeyPem === undefined ? undefined : keyOf(rootKeyPem, from);
      return viewOf((await makeIssuer(vault, root, key)).certificate);
    },
    changePassphrase: (next) => changePassphrase(vault, root, next),
  };
};

const changePassphrase = async (vault: Vault, root: X509Certificate, next: string): Promise<void> => {
  const { files } = vault;
  const issuer = await requireCertificate(vault, ISSUER);
  const rootKey = await files.read(ROOT_KEY);
  if (rootKey !== undefined) {
    const key = keyUnder(rootKey, { name: ROOT_KEY, certificate: root }, [vault.passphrase, next]);
    await files.write(ROOT_KEY, encryptedKeyPem(key, next));
  }
  const former = await formerIssuers(files);
  const held = [
    ...former.map((certificate) => ({ name: formerName(certificate), certificate })),
    { name: ISSUER, certificate: issuer },
  ];
  for (const { name, certificate } of held) {
    const key = keyUnder(await requireText(vault, name), { name, certificate }, [vault.passphrase, next]);
    await files.write(name, certificate.toString() + encryptedKeyPem(key, next));
  }
  await files.remove(PASSPHRASE);
};

/** The key under whichever of these passphrases opens it. */
const keyUnder = (
  text: string,
  from: { readonly name: string; readonly certificate: X509Certificate },
  [first = '', ...others]: readonly string[],
): KeyObject => {
  try {
    return keyOf(text, { ...from, passphrase: first });
  } catch (error) {
    const wrong = error instanceof AuthorityError && error.code === 'passphrase';
    if (!wrong || others.length === 0) throw error;
    return keyUnder(text, from, others);
  }
};

const requireText = async ({ files }: Vault, name: string): Promise<string> => {
  const text = await files.read(name);
  if (text !== undefined) return text;
  throw new AuthorityError('damaged', `${name} is not here; it was taken elsewhere, or never made.`);
};

const requireCertificate = async ({ files }: Vault, name: string): Promise<X509Certificate> => {
  const certificate = await readCertificate(files, name);
  if (certificate !== undefined) return certificate;
  throw new AuthorityError('damaged', `${name} is missing; restore it.`);
};

const viewOf = (certificate: X509Certificate): CertificateView => ({
  fingerprint: thumbprintOf(certificate),
  notBefore: timeOf(certificate.validFrom),
  notAfter: timeOf(certificate.validTo),
});
