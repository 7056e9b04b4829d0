import 'reflect-metadata';
import { createHash, webcrypto } from 'node:crypto';
import { PemConverter, Pkcs10CertificateRequest, type PublicKey } from '@peculiar/x509';
import { AuthorityError } from './errors.js';

/** A request for one P-256 key takes about 400 characters; names and attributes are ignored anyway. */
const MAX_PEM_CHARACTERS = 8192;
/** SubjectPublicKeyInfo of a P-256 key in uncompressed form: its first 26 bytes (RFC 5480 section 2). */
const P256_SPKI = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex');
const P256_SPKI_BYTES = 91;

/** What is taken from a certificate request: its key. */
export interface GatewayRequest {
  readonly publicKey: PublicKey;
  /** SHA-256 of the request's DER, hex. */
  readonly hash: string;
}

/**
 * Reads a PEM PKCS#10 request (RFC 2986) and checks that its P-256 key signed it. Rejects with `AuthorityError`
 * `request-too-large`, `request-malformed`, `request-key` or `request-signature`.
 */
export const readGatewayRequest = async (csrPem: string): Promise<GatewayRequest> => {
  if (csrPem.length > MAX_PEM_CHARACTERS) {
    throw new AuthorityError(
      'request-too-large',
      `The certificate request has more than ${MAX_PEM_CHARACTERS} characters.`,
    );
  }
  const { request, publicKey } = parseRequest(csrPem);
  const spki = Buffer.from(publicKey.rawData);
  if (spki.length !== P256_SPKI_BYTES || !spki.subarray(0, P256_SPKI.length).equals(P256_SPKI)) {
    throw new AuthorityError('request-key', 'The certificate request is not for a P-256 key.');
  }
  if (!(await isSelfSigned(request))) {
    throw new AuthorityError('request-signature', 'The certificate request is not signed by its own key.');
  }
  const hash = createHash('sha256').update(Buffer.from(request.rawData)).digest('hex');
  return { publicKey, hash };
};

const parseRequest = (csrPem: string): { request: Pkcs10CertificateRequest; publicKey: PublicKey } => {
  try {
    const [der, ...more] = PemConverter.decode(csrPem);
    if (der !== undefined && more.length === 0) {
      const request = new Pkcs10CertificateRequest(der);
      // the key is parsed only when asked for
      return { request, publicKey: request.publicKey };
    }
  } catch (cause) {
    throw new AuthorityError('request-malformed', 'The certificate request cannot be read.', { cause });
  }
  throw new AuthorityError('request-malformed', 'One certificate request in PEM form is expected.');
};

const isSelfSigned = async (request: Pkcs10CertificateRequest): Promise<boolean> => {
  try {
    return await request.verify(webcrypto);
  } catch {
    // a point off the curve, a signature that is none
    return false;
  }
};
