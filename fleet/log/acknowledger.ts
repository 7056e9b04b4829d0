import type { Ack, SeqRange } from '#wire/messages.js';
import { toRanges } from './seq-ranges.js';

/** Collects what was committed and answers each gateway once a turn, in ranges. */
export interface Acknowledger {
  add(gatewayId: string, ack: Ack): void;
}

/** `send` is called with at most one ack for each epoch of a gateway, and one for its directories. */
export const createAcknowledger = (send: (gatewayId: string, ack: Ack) => void): Acknowledger => {
  const pending = new Map<string, Ack[]>();
  const flush = (): void => {
    const turn = [...pending];
    pending.clear();
    for (const [gatewayId, acks] of turn) for (const ack of mergeAcks(acks)) send(gatewayId, ack);
  };
  return {
    add: (gatewayId, ack) => {
      if (pending.size === 0) setImmediate(flush);
      const acks = pending.get(gatewayId);
      if (acks === undefined) pending.set(gatewayId, [ack]);
      else acks.push(ack);
    },
  };
};

/** One ack for each epoch (and one without, of directories and the unreadable) that says what all of them say. */
const mergeAcks = (acks: readonly Ack[]): Ack[] => {
  const groups = new Map<string | undefined, Ack[]>();
  for (const ack of acks) {
    const group = groups.get(ack.epoch);
    if (group === undefined) groups.set(ack.epoch, [ack]);
    else group.push(ack);
  }
  return [...groups].map(([epoch, group]) => {
    const unreadable = group.flatMap((ack) => ack.unreadable ?? []);
    const postponed = group.flatMap((ack) => ack.postponed ?? []);
    return {
      ...(epoch === undefined ? {} : { epoch }),
      stored: toRanges(group.flatMap(({ stored }) => stored.flatMap(numbersOf))),
      quarantined: group.flatMap(({ quarantined }) => quarantined),
      directories: group.flatMap(({ directories }) => directories),
      ...(unreadable.length === 0 ? {} : { unreadable }),
      ...(postponed.length === 0 ? {} : { postponed }),
    };
  });
};

const numbersOf = ([first, last]: SeqRange): readonly number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);
