import type { EarlierEpoch, Quarantined, SeqRange } from '#wire/messages.js';
import { seqOf } from './batch-ids.js';
import type { IdRange } from './batches-table.js';
import type { BatchSigner, RecalledPeriod, SealedBatch } from './buffer.js';
import type { BufferParts } from './buffer-parts.js';
import { sealElsewhere } from './seal-elsewhere.js';

export interface DeliveryDeps {
  readonly parts: BufferParts;
  /** UTC ms; only to date a quarantine. */
  readonly now: () => number;
}

/** What becomes of sealed batches by what the fleet says; each change is part of a transaction of the caller. */
export interface Delivery {
  recall(ranges: readonly SeqRange[], epoch: string): readonly SealedBatch[];
  /** Acked batches of readings of a period await their ack again; gives how many. */
  offerAgain(period: RecalledPeriod): number;
  /** Batches of an epoch by id, as far as that epoch is known here. */
  idRanges(epoch: string, ranges: readonly SeqRange[]): readonly IdRange[];
  ack(ranges: readonly IdRange[]): void;
  /** What is refused because its number is taken, of an epoch that has ended here, comes under another number. */
  quarantine(epoch: string, refused: readonly Quarantined[], signer: BatchSigner | undefined): void;
  /** Epochs whose batches were saved from files that were set aside, newest first. */
  earlier(): readonly EarlierEpoch[];
}

export const createDelivery = ({ parts, now }: DeliveryDeps): Delivery => {
  const { batches, ids, room, state } = parts;
  const idRanges: Delivery['idRanges'] = (epoch, ranges) =>
    ranges.flatMap(([first, last]) => {
      const found = ids.range(epoch, first, last);
      return found === undefined ? [] : [found];
    });
  return {
    idRanges,
    recall: (ranges, epoch) => idRanges(epoch, ranges).flatMap((range) => batches.recall(range)),
    offerAgain: ({ fromMs, toMs }) => {
      const offered = batches.offerAgain(fromMs, toMs);
      if (offered.bytes > 0) state.write({ historyBytes: state.row.historyBytes - offered.bytes });
      return offered.batches;
    },
    ack: (ranges) => {
      const bytes = ranges.reduce((sum, range) => sum + batches.ack(range), 0);
      if (bytes > 0) state.write({ historyBytes: state.row.historyBytes + bytes });
      room.endHistory();
    },
    quarantine: (epoch, refused, signer) => {
      for (const { seq, reason, taken = false } of refused) {
        const id = ids.of(epoch, seq);
        if (id === undefined || !batches.quarantine(id, reason, now())) continue;
        const elsewhere = taken && epoch !== state.row.epoch;
        const message = elsewhere ? batches.quarantinedMessage(id) : undefined;
        if (message !== undefined && signer !== undefined) sealElsewhere(parts, message, signer);
      }
    },
    earlier: () =>
      ids.earlier().map(({ epoch, lastSeq }) => {
        const range = ids.range(epoch, 1, lastSeq);
        const first = range === undefined ? undefined : batches.firstPending(range);
        return { epoch, firstUnacked: first === undefined ? lastSeq + 1 : seqOf(first) };
      }),
  };
};
