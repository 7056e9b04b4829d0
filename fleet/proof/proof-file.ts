import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { decodeCbor, encodeCbor } from '#wire/cbor.js';
import { WireError } from '#wire/errors.js';
import { HASH_BYTES, SALT_BYTES } from '#wire/hash-tree.js';
import { TREE_DEPTH } from '#wire/limits.js';
import { ProofError } from './errors.js';

/** A leaf of a hash tree that can be shown alone. */
export interface ShownLeaf {
  readonly bytes: Uint8Array;
  readonly salt: Uint8Array;
  /** The 15 siblings up to the root, one after the other. */
  readonly path: Uint8Array;
}

/** One column of one batch, with all that it leads to. */
export interface ShownColumn extends ShownLeaf {
  /** The signed header of its batch (COSE_Sign1), as it came. */
  readonly statement: Uint8Array;
  /** Number of the point in the directory. */
  readonly point: number;
  /** 0: readings; else the period of the gateway's windows, ms. */
  readonly periodMs: number;
  /** Entries of the directory that the header names. */
  readonly describedPoint: ShownLeaf;
  readonly describedDevice: ShownLeaf;
}

/** What a proof shows, without the fleet's receipt for it. */
export interface ProofContents {
  readonly format: typeof PROOF_FORMAT;
  /** DER, each once: of the signers, and what leads from them to the root, without the root. */
  readonly certificates: readonly Uint8Array[];
  readonly columns: readonly ShownColumn[];
}

export interface ProofFile extends ProofContents {
  /** COSE_Sign1 of the fleet over a `Receipt`. */
  readonly receipt: Uint8Array;
}

export const PROOF_FORMAT = 'terroir-proof/1';
export const MAX_PROOF_BYTES = 16 * 1024 * 1024;
const MAX_CERTIFICATES = 64;
const MAX_COLUMNS = 4096;

const bytes = (length?: number) =>
  Type.Refine(
    Type.Unsafe<Uint8Array>({}),
    (value) => value instanceof Uint8Array && (length === undefined || value.length === length),
    () => `must be ${length ?? 'some'} bytes`,
  );
const Uint32 = Type.Integer({ minimum: 0, maximum: 2 ** 32 - 1 });
const LEAF = {
  bytes: bytes(),
  salt: bytes(SALT_BYTES),
  path: bytes(TREE_DEPTH * HASH_BYTES),
};
const Leaf = Type.Object(LEAF, { additionalProperties: false });
const validator = Compile(
  Type.Object(
    {
      format: Type.Literal(PROOF_FORMAT),
      certificates: Type.Array(bytes(), { minItems: 1, maxItems: MAX_CERTIFICATES }),
      columns: Type.Array(
        Type.Object(
          {
            ...LEAF,
            statement: bytes(),
            point: Uint32,
            periodMs: Uint32,
            describedPoint: Leaf,
            describedDevice: Leaf,
          },
          { additionalProperties: false },
        ),
        { minItems: 1, maxItems: MAX_COLUMNS },
      ),
      receipt: bytes(),
    },
    { additionalProperties: false },
  ),
);

/** The bytes that the fleet's receipt is for. */
export const encodeContents = ({ format, certificates, columns }: ProofContents): Uint8Array =>
  encodeCbor({ format, certificates, columns });

export const encodeProof = (proof: ProofFile): Uint8Array => encodeCbor(proof);

const decode = (file: Uint8Array): unknown => {
  try {
    return decodeCbor(file);
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause;
    throw new ProofError('malformed', `This is no proof: ${cause.message}.`, { cause });
  }
};

/** Reads a proof file: CBOR in its one encoding, and nothing beside what a proof has. Throws `ProofError`. */
export const decodeProof = (file: Uint8Array): ProofFile => {
  if (file.length > MAX_PROOF_BYTES) {
    throw new ProofError('malformed', `A proof has at most ${MAX_PROOF_BYTES} bytes, this ${file.length}.`);
  }
  const value = decode(file);
  if (!validator.Check(value)) {
    const [error] = validator.Errors(value);
    const what = error === undefined ? '' : `${error.instancePath} ${error.message}`;
    throw new ProofError('malformed', `This is no proof of the format ${PROOF_FORMAT}: ${what}.`);
  }
  if (Buffer.compare(encodeProof(value), file) !== 0) {
    throw new ProofError('malformed', 'The proof is not in the one encoding that the format has.');
  }
  return value;
};
