import { deflateRawSync } from 'node:zlib';
import type { ParsedBatch } from './batch.js';
import { encodeReducedBody, type OpenColumns, type SaltedColumn } from './body.js';
import { encodeCbor } from './cbor.js';
import { columnLeaf } from './hash-tree.js';

/** The message without the columns that `erases` names: of those only the leaf stays, under the same signature. */
export const reduceBatch = (
  { statement, summary }: ParsedBatch,
  open: OpenColumns,
  erases: (column: SaltedColumn) => boolean,
): Uint8Array => {
  const entries = open.entries.map((entry) =>
    entry instanceof Uint8Array || !erases(entry) ? entry : columnLeaf(entry.salt, entry),
  );
  const bytes = encodeReducedBody({ ...open, entries });
  return encodeCbor([statement, summary, deflateRawSync(bytes), bytes.length]);
};
