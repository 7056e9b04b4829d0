import { createPrivateKey, sign } from 'node:crypto';
import type { BatchSigner, SigningKey } from './buffer.js';

/** Signs with ES256 (RFC 9053 section 2.1): 64 bytes r‖s. Throws where the PEM is no private key. */
export const createSigner = (key: SigningKey): BatchSigner => {
  const privateKey = createPrivateKey(key.privateKey);
  return {
    source: key.source,
    certificate: key.certificate,
    sign: (bytes) => sign('sha256', bytes, { key: privateKey, dsaEncoding: 'ieee-p1363' }),
  };
};
