import { createPublicKey, webcrypto, type KeyObject } from 'node:crypto';

const P256 = { name: 'ECDSA', namedCurve: 'P-256' } as const;

/** A PKCS#10 request (PEM) for a P-256 key, self-signed. Its subject is for people; the fleet ignores it. */
export const makeCertificateRequest = async (key: KeyObject, name: string): Promise<string> => {
  // Loaded here alone: a gateway asks for a certificate a few times in its life.
  await import('reflect-metadata');
  const { Pkcs10CertificateRequestGenerator, cryptoProvider } = await import('@peculiar/x509');
  cryptoProvider.set(webcrypto);
  const { subtle } = webcrypto;
  const pkcs8 = key.export({ type: 'pkcs8', format: 'der' });
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: [name] }],
    keys: {
      privateKey: await subtle.importKey('pkcs8', pkcs8, P256, true, ['sign']),
      publicKey: await subtle.importKey('spki', spki, P256, true, ['verify']),
    },
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
  });
  return request.toString('pem');
};
