import { decodeCbor, encodeCbor } from './cbor.js';
import { WireError } from './errors.js';

/** A COSE_Sign1 (RFC 9052 section 4.2), not yet verified. */
export interface Signed {
  readonly payload: Uint8Array;
  /** ES256: r‖s, 64 bytes. */
  readonly signature: Uint8Array;
  /** The bytes that the signature is over: the Sig_structure. */
  readonly signed: Uint8Array;
}

/** CBOR tag 18. */
const TAG = 0xd2;
const ALGORITHM = 1;
const CRITICAL = 2;
const ES256 = -7;
const PROTECTED = encodeCbor(new Map([[ALGORITHM, ES256]]));
const SIGNATURE_BYTES = 64;

/** RFC 9052 section 4.4, with empty external_aad. */
const sigStructure = (protectedHeader: Uint8Array, payload: Uint8Array): Uint8Array =>
  encodeCbor(['Signature1', protectedHeader, new Uint8Array(0), payload]);

/** Signs `payload` with ES256 into a tagged COSE_Sign1. */
export const signCose = (payload: Uint8Array, sign: (bytes: Uint8Array) => Uint8Array): Uint8Array => {
  const signature = sign(sigStructure(PROTECTED, payload));
  if (signature.length !== SIGNATURE_BYTES) {
    throw new WireError(
      'unencodable',
      `a signature of ${signature.length} bytes; ES256 has r and s of 32 each`,
    );
  }
  const body = encodeCbor([PROTECTED, new Map(), payload, signature]);
  const bytes = new Uint8Array(body.length + 1);
  bytes[0] = TAG;
  bytes.set(body, 1);
  return bytes;
};

/** An empty map is decoded as an object. */
const isEmptyMap = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof Map) &&
  !(value instanceof Uint8Array) &&
  Object.keys(value).length === 0;

/** Takes a tagged COSE_Sign1 apart; the algorithm must be ES256 in the protected header. Throws `WireError`. */
export const parseCose = (bytes: Uint8Array): Signed => {
  if (bytes[0] !== TAG) throw new WireError('malformed', 'not a tagged COSE_Sign1');
  const parts = decodeCbor(bytes.subarray(1));
  if (!Array.isArray(parts) || parts.length !== 4)
    throw new WireError('malformed', 'a COSE_Sign1 has four parts');
  const [protectedHeader, unprotected, payload, signature]: unknown[] = parts;
  if (!(protectedHeader instanceof Uint8Array) || !(payload instanceof Uint8Array)) {
    throw new WireError('malformed', 'COSE_Sign1: protected header and payload must be byte strings');
  }
  if (!(signature instanceof Uint8Array) || signature.length !== SIGNATURE_BYTES) {
    throw new WireError('malformed', 'COSE_Sign1: the signature must be a byte string of 64 bytes');
  }
  if (!isEmptyMap(unprotected)) {
    throw new WireError('malformed', 'COSE_Sign1: nothing may stand outside the signature');
  }
  const header = decodeCbor(protectedHeader);
  if (!(header instanceof Map) || header.get(ALGORITHM) !== ES256 || header.has(CRITICAL)) {
    throw new WireError('malformed', 'COSE_Sign1: the algorithm must be ES256, protected, without crit');
  }
  return { payload, signature, signed: sigStructure(protectedHeader, payload) };
};
