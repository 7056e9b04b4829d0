import { decodeCbor, type CborValue } from './cbor.js';
import { WireError } from './errors.js';
import { parseCose } from './cose.js';

/** What names a batch within its source. */
export interface BatchKey {
  readonly epoch: string;
  readonly seq: number;
}

const EPOCH = 2;
const SEQ = 3;
const EPOCH_BYTES = 8;

const keyOf = (message: Uint8Array): BatchKey | undefined => {
  const parts = decodeCbor(message);
  const statement: CborValue | undefined = Array.isArray(parts) ? parts[0] : undefined;
  if (!(statement instanceof Uint8Array)) return undefined;
  const header = decodeCbor(parseCose(statement).payload);
  if (!(header instanceof Map)) return undefined;
  const fields = new Map<unknown, CborValue>(header);
  const epoch = fields.get(EPOCH);
  const seq = fields.get(SEQ);
  if (!(epoch instanceof Uint8Array) || epoch.length !== EPOCH_BYTES) return undefined;
  if (typeof seq !== 'number' || !Number.isSafeInteger(seq) || seq < 1) return undefined;
  return { epoch: Buffer.from(epoch).toString('hex'), seq };
};

/**
 * The number of a batch whose header does not parse, as far as that can be told; verifies nothing. For answering
 * who sent it, never for storing it.
 */
export const readBatchKey = (message: Uint8Array): BatchKey | undefined => {
  try {
    return keyOf(message);
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
};
