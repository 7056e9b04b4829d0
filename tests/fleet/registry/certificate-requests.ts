import 'reflect-metadata';
import { KeyObject, webcrypto } from 'node:crypto';
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';

export interface RequestWithKey {
  readonly csrPem: string;
  /** PEM, PKCS#8. */
  readonly keyPem: string;
}

const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** A PKCS#10 request as a gateway makes it, or with another key. */
export const makeRequest = async (
  options: { subject?: string; algorithm?: webcrypto.EcKeyGenParams & { hash?: string } } = {},
): Promise<RequestWithKey> => {
  const keys = await webcrypto.subtle.generateKey(options.algorithm ?? P256, true, ['sign', 'verify']);
  return requestFor(keys, { ...P256, ...options.algorithm }, options.subject ?? 'CN=whatever');
};

export const makeRsaRequest = async (): Promise<RequestWithKey> => {
  const algorithm = {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength: 2048,
    publicExponent: Uint8Array.of(1, 0, 1),
  };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  return requestFor(keys, algorithm, 'CN=rsa');
};

const requestFor = async (
  keys: webcrypto.CryptoKeyPair,
  signingAlgorithm: { name: string; hash: string },
  subject: string,
): Promise<RequestWithKey> => {
  const request = await Pkcs10CertificateRequestGenerator.create(
    { name: subject, keys, signingAlgorithm },
    webcrypto,
  );
  const keyPem = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString();
  return { csrPem: request.toString('pem'), keyPem };
};
