import 'reflect-metadata';
import {
  createPrivateKey,
  createPublicKey,
  KeyObject,
  randomBytes,
  webcrypto,
  X509Certificate,
} from 'node:crypto';
import { isIP } from 'node:net';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
  type Extension,
  type JsonGeneralNames,
  type PublicKey,
} from '@peculiar/x509';

const P256 = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const ES256 = { name: 'ECDSA', hash: 'SHA-256' } as const;

/** A certificate with the key that signs for it. */
export interface Signer {
  readonly certificate: X509Certificate;
  readonly key: webcrypto.CryptoKey;
}

export interface Validity {
  /** UTC ms; certificates carry whole seconds. */
  readonly notBefore: number;
  readonly notAfter: number;
}

export type Usage =
  | { readonly type: 'root' }
  | { readonly type: 'issuer' }
  | { readonly type: 'gateway' }
  /** Signs documents: heads of audit trails. */
  | { readonly type: 'documents' }
  | { readonly type: 'server'; readonly names: readonly string[] };

export interface Statement extends Validity {
  readonly commonName: string;
  readonly usage: Usage;
  readonly publicKey: PublicKey | webcrypto.CryptoKey;
  /** Who signs: the root signs itself. */
  readonly signer: Signer | { readonly key: webcrypto.CryptoKey };
}

export const makeKeyPair = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(P256, true, ['sign', 'verify']);

/** PEM, PKCS#8; for a key that never leaves this process. */
export const privateKeyPem = (key: webcrypto.CryptoKey): string =>
  KeyObject.from(key).export({ type: 'pkcs8', format: 'pem' }).toString();

/** PEM, PKCS#8 encrypted (RFC 5958, PBES2: PBKDF2 and AES-256-CBC): how keys are kept. */
export const encryptedKeyPem = (key: KeyObject, passphrase: string): string =>
  key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase }).toString();

/** Throws where `pem` is no key, or the passphrase is not its. */
export const decryptKey = (pem: string, passphrase: string): KeyObject =>
  createPrivateKey({ key: pem, passphrase });

/** Throws where `key` is no P-256 key. */
export const signingKeyOf = (key: KeyObject): Promise<webcrypto.CryptoKey> => {
  const der = key.export({ type: 'pkcs8', format: 'der' });
  return webcrypto.subtle.importKey('pkcs8', der, P256, false, ['sign']);
};

/** Whether `key` is the private half of the certificate's. */
export const holdsKeyOf = (certificate: X509Certificate, key: KeyObject): boolean =>
  createPublicKey(key).equals(certificate.publicKey);

/** SHA-256 of the DER, hex. */
export const thumbprintOf = (certificate: X509Certificate): string =>
  certificate.fingerprint256.replaceAll(':', '').toLowerCase();

/** OpenSSL's way of writing a time, always GMT, to UTC ms. */
export const timeOf = (text: string): number => Date.parse(text);

/** Makes one certificate (RFC 5280), P-256 and ES256. */
export const certify = async (statement: Statement): Promise<X509Certificate> => {
  const { commonName, publicKey, signer } = statement;
  const subject = [{ CN: [commonName] }];
  const issuer = 'certificate' in signer ? [{ CN: [commonNameOf(signer.certificate)] }] : subject;
  const made = await X509CertificateGenerator.create(
    {
      serialNumber: serialNumber(),
      subject,
      issuer,
      notBefore: new Date(statement.notBefore),
      notAfter: new Date(statement.notAfter),
      publicKey,
      signingKey: signer.key,
      signingAlgorithm: ES256,
      extensions: [
        ...usageExtensions(statement.usage),
        await SubjectKeyIdentifierExtension.create(publicKey, false, webcrypto),
        ...('certificate' in signer ? [await authorityKeyIdentifier(signer.certificate)] : []),
      ],
    },
    webcrypto,
  );
  return new X509Certificate(Buffer.from(made.rawData));
};

/** Names the key of an issuer (RFC 5280 section 4.2.1.1). */
export const authorityKeyIdentifier = async (issuer: X509Certificate): Promise<Extension> => {
  const spki = issuer.publicKey.export({ type: 'spki', format: 'der' });
  const key = await webcrypto.subtle.importKey('spki', spki, P256, true, ['verify']);
  return AuthorityKeyIdentifierExtension.create(key, false, webcrypto);
};

/** 128 random bits, positive (RFC 5280 section 4.1.2.2). */
const serialNumber = (): string => `01${randomBytes(15).toString('hex')}`;

const commonNameOf = (certificate: X509Certificate): string => certificate.subject.replace(/^CN=/, '');

const usageExtensions = (usage: Usage): Extension[] => {
  if (usage.type === 'root') return signingExtensions(1);
  if (usage.type === 'issuer') return signingExtensions(0);
  if (usage.type === 'gateway') return leafExtensions(ExtendedKeyUsage.clientAuth);
  if (usage.type === 'documents') return leafExtensions(DOCUMENT_SIGNING);
  return [
    ...leafExtensions(ExtendedKeyUsage.serverAuth),
    new SubjectAlternativeNameExtension(usage.names.map(generalName)),
  ];
};

const signingExtensions = (pathLength: number): Extension[] => [
  new BasicConstraintsExtension(true, pathLength, true),
  new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
];

/** id-kp-documentSigning (RFC 9336). */
const DOCUMENT_SIGNING = '1.3.6.1.5.5.7.3.36';

const leafExtensions = (purpose: string): Extension[] => [
  new BasicConstraintsExtension(false, undefined, true),
  new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
  new ExtendedKeyUsageExtension([purpose], true),
];

const generalName = (name: string): JsonGeneralNames[number] =>
  isIP(name) > 0 ? { type: 'ip', value: name } : { type: 'dns', value: name };
