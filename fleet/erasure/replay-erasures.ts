import type { Erasure, LogReader, LogWriter } from '../store/log-store.js';
import type { ViewsReader } from '../store/views-store.js';
import { eraseFrom } from './erase-columns.js';
import type { ErasureReceipt } from './receipt.js';

/** Batches that share a transaction. */
const STEP = 64;

interface Deps {
  readonly reader: Pick<LogReader, 'keys' | 'read'>;
  readonly writer: Pick<LogWriter, 'eraseColumns'>;
  readonly views: Pick<ViewsReader, 'numberIn'>;
}

export interface Replayed {
  /** Columns that went again. */
  readonly erased: number;
  /** Batches of the receipt that this log does not have, and gateways may send again. */
  readonly absent: number;
}

/**
 * Takes out of a log again what a receipt says was taken out of it once: for a copy that was made before. Batch by batch, so that
 * nothing else goes; what is out already stays so.
 */
export const replayErasures = async (
  { reader, writer, views }: Deps,
  receipt: Pick<ErasureReceipt, 'batches' | 'pointId'>,
): Promise<Replayed> => {
  let erased = 0;
  let absent = 0;
  let pending: Erasure[] = [];
  const flush = async (): Promise<void> => {
    if (pending.length > 0) await writer.eraseColumns(pending);
    erased += pending.length;
    pending = [];
  };
  for (const batch of receipt.batches) {
    const pointId = batch.pointId ?? receipt.pointId;
    const [key] = await reader.keys([batch]);
    if (pointId === undefined || key === undefined) {
      absent += 1;
      continue;
    }
    // of one batch several points may lose something: each begins with what the one before left
    if (pending.length >= STEP || pending.some(({ position }) => position === key.position)) await flush();
    const [entry] = await reader.read(key.position - 1, 1, 1);
    if (entry?.position !== key.position) continue;
    const numberIn = (source: string, directory: Uint8Array) => views.numberIn(source, directory, pointId);
    pending.push(...(await eraseFrom(entry, { ...batch, pointId, numberIn })));
  }
  await flush();
  return { erased, absent };
};

/** Ids of the people that a receipt is of. */
export const peopleIn = ({ people = [], personId }: ErasureReceipt): ReadonlySet<string> =>
  new Set([...people.map((person) => person.personId), ...(personId === undefined ? [] : [personId])]);
