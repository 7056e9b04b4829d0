import type { Ack, Quarantined } from '#wire/messages.js';
import type { Buffer } from '../buffer/buffer.js';
import type { Log } from '../local/log.js';
import type { Sender } from './sender.js';

export interface AnswersDeps {
  readonly buffer: Pick<Buffer, 'ack' | 'quarantine' | 'renew' | 'ackDirectories'>;
  readonly sender: Pick<Sender, 'unanswered' | 'sentAs' | 'settle' | 'postpone'>;
  readonly log: Log;
}

/**
 * Takes an ack: the buffer notes it first, then the sender forgets. Only what this session has sent is believed:
 * where two cards bear one identity, the broker hands the answer for one to the other.
 */
export const takeAck = async (deps: AnswersDeps, ack: Ack): Promise<void> => {
  const { epoch, stored, quarantined, postponed = [], unreadable = [], directories } = ack;
  if (directories.length > 0) await deps.buffer.ackDirectories(directories);
  if (epoch !== undefined) {
    const seqs = deps.sender.unanswered(epoch, stored);
    if (seqs.length > 0) {
      await deps.buffer.ack(
        epoch,
        seqs.map((seq) => [seq, seq] as const),
      );
      deps.sender.settle(epoch, seqs);
    }
    await quarantine(deps, epoch, own(deps, epoch, quarantined));
    postpone(deps, epoch, own(deps, epoch, postponed));
  }
  for (const { hash, reason, kept } of unreadable) {
    const sent = deps.sender.sentAs(hash);
    if (sent === undefined) continue;
    const refused = [{ seq: sent.seq, reason }];
    if (kept) await quarantine(deps, sent.epoch, refused);
    else postpone(deps, sent.epoch, refused);
  }
};

const own = ({ sender }: AnswersDeps, epoch: string, named: readonly Quarantined[]): readonly Quarantined[] =>
  named.filter(({ seq }) => sender.unanswered(epoch, [[seq, seq]]).length > 0);

const seqsOf = (named: readonly Quarantined[]): readonly number[] => named.map(({ seq }) => seq);

const quarantine = async (
  { buffer, sender, log }: AnswersDeps,
  epoch: string,
  refused: readonly Quarantined[],
): Promise<void> => {
  if (refused.length === 0) return;
  // another card went on with this epoch: what this one holds is saved into a new one, and offered again from there
  const [taken] = refused.filter((each) => each.taken === true);
  if (taken !== undefined && (await buffer.renew(epoch, `batch ${taken.seq}: ${taken.reason}`))) {
    log.error('epoch-renewed', { epoch, reason: taken.reason });
    sender.settle(epoch, seqsOf(refused));
    return;
  }
  await buffer.quarantine(epoch, refused);
  for (const { seq, reason } of refused) log.error('batch-quarantined', { epoch, seq, reason });
  sender.settle(epoch, seqsOf(refused));
};

const postpone = ({ sender, log }: AnswersDeps, epoch: string, refused: readonly Quarantined[]): void => {
  if (refused.length === 0) return;
  for (const { seq, reason } of refused) log.warn('batch-postponed', { epoch, seq, reason });
  sender.postpone(epoch, seqsOf(refused));
};
