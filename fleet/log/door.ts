import { createHash, type KeyObject } from 'node:crypto';
import type { Ack } from '#wire/messages.js';
import { readBatchKey } from '#wire/batch-key.js';
import { parseBatch, verifyBatch, type ParsedBatch } from '#wire/batch.js';
import { decodeDirectory } from '#wire/directory-codec.js';
import { WireError } from '#wire/errors.js';
import type { AppendOutcome, LogItem } from '../store/log-store.js';
import type { Appender } from './appender.js';
import { DoorError } from './errors.js';

export interface DoorDeps {
  readonly appender: Appender;
  /** The key of a certificate of this gateway, by thumbprint (hex); also of one that has expired since. */
  readonly publicKey: (gatewayId: string, thumbprint: string) => KeyObject | undefined;
  /** Called after each commit that answers a gateway. */
  readonly acknowledge: (gatewayId: string, ack: Ack) => void;
  readonly outcome: (outcome: AppendOutcome, item: LogItem) => void;
  /** Told of each batch that was stored, and of the directory that it names. */
  readonly stored: (gatewayId: string, epoch: string, directory: Uint8Array) => void;
}

/**
 * Where batches and directories enter the log (design, "The way of a reading", step 5): size, header, signature
 * and body hash are checked, nothing is decoded. A batch that fails is kept apart with its reason and acked as
 * quarantined: by its number, or by its hash where not even that can be read. What there is no room to keep is
 * answered as postponed, never as kept. Rejects with `DoorError` a malformed directory, and with `StoreError` when
 * the log does not write: then nothing is acked, and the gateway sends again.
 */
export interface Door {
  batch(gatewayId: string, message: Uint8Array, receivedAt: number): Promise<void>;
  directory(gatewayId: string, message: Uint8Array, receivedAt: number): Promise<void>;
}

export const createDoor = (deps: DoorDeps): Door => ({
  batch: async (gatewayId, message, receivedAt) => {
    const { item, directory } = judge(deps, gatewayId, { hash: sha256(message), receivedAt, message });
    const outcome = await deps.appender.append(item);
    deps.outcome(outcome, item);
    const ack = item.type === 'unreadable' ? unreadableAck(outcome, item) : batchAck(outcome, item);
    deps.acknowledge(gatewayId, ack);
    if (outcome === 'stored' && item.type === 'batch' && directory !== undefined)
      deps.stored(gatewayId, item.epoch, directory);
  },
  directory: async (gatewayId, message, receivedAt) => {
    let hash: Uint8Array;
    try {
      ({ hash } = decodeDirectory(message));
    } catch (cause) {
      throw new DoorError(`Gateway ${gatewayId} sent a malformed directory: ${textOf(cause)}`, { cause });
    }
    const item: LogItem = { type: 'directory', source: gatewayId, hash, receivedAt, message };
    const outcome = await deps.appender.append(item);
    deps.outcome(outcome, item);
    deps.acknowledge(gatewayId, { stored: [], quarantined: [], directories: [hash] });
  },
});

type Came = Pick<LogItem, 'hash' | 'receivedAt' | 'message'>;
type BatchItem = Extract<LogItem, { type: 'batch' }>;
type UnreadableItem = Extract<LogItem, { type: 'unreadable' }>;

interface Judged {
  readonly item: BatchItem | UnreadableItem;
  /** That the header names, where it can be read. */
  readonly directory?: Uint8Array;
}

/** The item under the gateway that sent it, whatever its header says of its source. */
const judge = (deps: DoorDeps, gatewayId: string, came: Came): Judged => {
  let parsed: ParsedBatch;
  try {
    parsed = parseBatch(came.message);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    const refused = error.message;
    const key = readBatchKey(came.message);
    return {
      item:
        key === undefined
          ? { type: 'unreadable', source: gatewayId, ...came, refused }
          : { type: 'batch', source: gatewayId, ...key, ...came, refused },
    };
  }
  const { source, epoch, seq, firstTime } = parsed.header;
  const refused =
    source === gatewayId ? batchFault(parsed, deps.publicKey) : `it is a batch of another source, ${source}`;
  const item: BatchItem = {
    type: 'batch',
    source: gatewayId,
    epoch,
    seq,
    ...came,
    firstTime,
    ...(refused === undefined ? {} : { refused }),
  };
  return { item, directory: parsed.header.directory };
};

const batchFault = (parsed: ParsedBatch, publicKey: DoorDeps['publicKey']): string | undefined => {
  const thumbprint = Buffer.from(parsed.header.certificate).toString('hex');
  const key = publicKey(parsed.header.source, thumbprint);
  if (key === undefined) return `signed under certificate ${thumbprint}, which is none of this gateway's`;
  try {
    verifyBatch(parsed, key);
    return undefined;
  } catch (error) {
    if (error instanceof WireError) return error.message;
    throw error;
  }
};

/** An alarm of the door. */
export interface DoorFault {
  readonly kind: 'cloned' | 'quarantined' | 'no-room';
  readonly detail: string;
}

/** What an operator should know of an item that was kept apart; `undefined` where all is well. */
export const faultOf = (outcome: AppendOutcome, item: LogItem): DoorFault | undefined => {
  if (item.type === 'directory') return undefined;
  const batch = item.type === 'batch' ? `batch ${item.seq} of epoch ${item.epoch}` : 'an unreadable batch';
  const why = item.refused ?? CLONE;
  if (outcome === 'clone') return { kind: 'cloned', detail: `${batch}: ${CLONE}` };
  if (outcome === 'quarantined') return { kind: 'quarantined', detail: `${batch}: ${why}` };
  if (outcome === 'no-room') return { kind: 'no-room', detail: `${batch} could not be kept apart: ${why}` };
  return undefined;
};

const CLONE = 'other bytes are stored under this number: is this card a copy?';
const NO_ROOM = 'the fleet has kept apart as much of this gateway as it may';

const batchAck = (outcome: AppendOutcome, { epoch, seq, refused = CLONE }: BatchItem): Ack => {
  const nothing = { epoch, stored: [], quarantined: [], directories: [] };
  switch (outcome) {
    case 'stored':
    case 'duplicate':
      return { ...nothing, stored: [[seq, seq]] };
    case 'quarantined':
      return { ...nothing, quarantined: [{ seq, reason: refused }] };
    case 'clone':
      return { ...nothing, quarantined: [{ seq, reason: refused, taken: true }] };
    case 'no-room':
      return { ...nothing, postponed: [{ seq, reason: `${NO_ROOM}: ${refused}` }] };
  }
};

const unreadableAck = (outcome: AppendOutcome, { hash, refused }: UnreadableItem): Ack => {
  const kept = outcome !== 'no-room';
  const reason = kept ? refused : `${NO_ROOM}: ${refused}`;
  return { stored: [], quarantined: [], directories: [], unreadable: [{ hash, reason, kept }] };
};

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
