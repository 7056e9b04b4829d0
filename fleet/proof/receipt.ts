import { createHash, createPrivateKey, sign, X509Certificate, type KeyObject } from 'node:crypto';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { decodeCbor, encodeCbor } from '#wire/cbor.js';
import { signCose } from '#wire/cose.js';
import { WireError } from '#wire/errors.js';
import { Hash, Text, Time, Whole } from '#wire/schemas.js';
import { ProofError } from './errors.js';
import { encodeContents, type ProofContents } from './proof-file.js';

/** What the fleet says of a proof, and signs: all that no gateway can say. Times are UTC ms. */
export interface Receipt {
  /** The fleet's id of the point. */
  readonly pointId: string;
  readonly issuedAt: number;
  /** What is proven: the reading of this time, or the window that starts then. */
  readonly time: number;
  /** Period of the window; 0: a reading. */
  readonly periodMs: number;
  /** When each column's batch was received, in their order. */
  readonly receivedAt: readonly number[];
  /** Thumbprint (SHA-256 of the DER) of the certificate whose key signed this. */
  readonly certificate: Uint8Array;
  /** SHA-256 of the contents that this is for. */
  readonly contents: Uint8Array;
}

/** What signs for the fleet. */
export interface ReceiptSigner {
  readonly key: KeyObject;
  /** DER. */
  readonly certificate: Uint8Array;
}

/** Common name of who signs receipts: no other signer of documents may. */
export const RECEIPT_SIGNER = 'Terroir proofs';

/** The signer that an authority has made under that name. */
export const receiptSignerOf = (issued: {
  readonly keyPem: string;
  readonly certificatePem: string;
}): ReceiptSigner => ({
  key: createPrivateKey(issued.keyPem),
  certificate: new Uint8Array(new X509Certificate(issued.certificatePem).raw),
});

const validator = Compile(
  Type.Object(
    {
      pointId: Text,
      issuedAt: Time,
      time: Time,
      periodMs: Whole,
      receivedAt: Type.Array(Time),
      certificate: Hash,
      contents: Hash,
    },
    { additionalProperties: false },
  ),
);

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());

export const thumbprintOf = sha256;
export const hashOfContents = (contents: ProofContents): Uint8Array => sha256(encodeContents(contents));

/** Signs a receipt for `contents` into a COSE_Sign1. */
export const signReceipt = (
  said: Omit<Receipt, 'certificate' | 'contents'>,
  contents: ProofContents,
  { key, certificate }: ReceiptSigner,
): Uint8Array => {
  const receipt: Receipt = {
    ...said,
    certificate: thumbprintOf(certificate),
    contents: hashOfContents(contents),
  };
  return signCose(encodeCbor(receipt), (bytes) => sign('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' }));
};

/** Reads the payload of a receipt. Throws `ProofError`. */
export const decodeReceipt = (payload: Uint8Array): Receipt => {
  try {
    const value = decodeCbor(payload);
    if (validator.Check(value)) return value;
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause;
    throw new ProofError('malformed', `The fleet's receipt cannot be read: ${cause.message}.`, { cause });
  }
  throw new ProofError('malformed', "The fleet's receipt has not the fields of one.");
};
