import 'reflect-metadata';
import {
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsageExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
  type X509Certificate,
} from '@peculiar/x509';
import { createHash, createPublicKey, webcrypto } from 'node:crypto';

cryptoProvider.set(webcrypto);

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const USES = { server: '1.3.6.1.5.5.7.3.1', client: '1.3.6.1.5.5.7.3.2' } as const;
const DAY = 86_400_000;

export interface Issued {
  readonly certificate: string;
  readonly key: string;
}

export interface LeafOptions {
  readonly name: string;
  readonly use: keyof typeof USES;
  readonly names?: readonly string[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** PEM (SPKI) of the subject, where it keeps its own key. */
  readonly publicKey?: string;
}

type KeyPair = Awaited<ReturnType<typeof makeKeys>>;

const makeKeys = () => webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);

const pemOf = async (keys: KeyPair): Promise<string> => {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  return `-----BEGIN PRIVATE KEY-----\n${der.toString('base64')}\n-----END PRIVATE KEY-----\n`;
};

/** An authority of root and intermediate for one test, issuing whatever the test wants to be wrong. */
export const createThrowawayAuthority = async () => {
  const validity = { notBefore: new Date(Date.now() - DAY), notAfter: new Date(Date.now() + 3_650 * DAY) };
  const rootKeys = await makeKeys();
  const root = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=Throwaway root',
    keys: rootKeys,
    signingAlgorithm: ALGORITHM,
    ...validity,
    extensions: [new BasicConstraintsExtension(true, undefined, true)],
  });
  const issuerKeys = await makeKeys();
  const issuer = await X509CertificateGenerator.create({
    subject: 'CN=Throwaway issuer',
    issuer: root.subject,
    publicKey: issuerKeys.publicKey,
    signingKey: rootKeys.privateKey,
    signingAlgorithm: ALGORITHM,
    ...validity,
    extensions: [new BasicConstraintsExtension(true, 0, true)],
  });
  const subjectKeys = async (
    pem: string | undefined,
  ): Promise<{ publicKey: KeyPair['publicKey']; key: string }> => {
    if (pem === undefined) {
      const keys = await makeKeys();
      return { publicKey: keys.publicKey, key: await pemOf(keys) };
    }
    const spki = createPublicKey(pem).export({ type: 'spki', format: 'der' });
    return {
      publicKey: await webcrypto.subtle.importKey('spki', spki, ALGORITHM, true, ['verify']),
      key: '',
    };
  };
  const issue = async (options: LeafOptions): Promise<Issued> => {
    const { publicKey, key } = await subjectKeys(options.publicKey);
    const names = (options.names ?? []).map((value) => ({ type: 'dns' as const, value }));
    const leaf: X509Certificate = await X509CertificateGenerator.create({
      subject: `CN=${options.name}`,
      issuer: issuer.subject,
      publicKey,
      signingKey: issuerKeys.privateKey,
      signingAlgorithm: ALGORITHM,
      notBefore: options.notBefore ?? new Date(Date.now() - DAY),
      notAfter: options.notAfter ?? new Date(Date.now() + 30 * DAY),
      extensions: [
        new ExtendedKeyUsageExtension([USES[options.use]]),
        ...(names.length > 0 ? [new SubjectAlternativeNameExtension(names)] : []),
      ],
    });
    return { certificate: leaf.toString('pem'), key };
  };
  return {
    root: root.toString('pem'),
    issuer: issuer.toString('pem'),
    rootFingerprint: createHash('sha256').update(new Uint8Array(root.rawData)).digest('hex'),
    issue,
  };
};
