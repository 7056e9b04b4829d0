import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SeqRange } from '#wire/messages.js';
import type { Lane } from '#wire/terms.js';
import type { SealedBatch } from '../../../agent/buffer/buffer.js';
import { Sender } from '../../../agent/uplink/sender.js';
import { inRanges } from '../../../agent/uplink/seq-ranges.js';

const EPOCH = '0123456789abcdef';

const HEADER: SealedBatch['header'] = {
  source: 'gateway0000000001',
  epoch: EPOCH,
  seq: 0,
  lane: 'live',
  content: 'readings',
  certificate: new Uint8Array(32),
  directory: new Uint8Array(32),
  count: 0,
  heldBack: 0,
  columns: 0,
  firstOrdinal: 0,
  lastOrdinal: 0,
  firstTime: 0,
  lastTime: 0,
  inflatedBytes: 0,
  bodyHash: new Uint8Array(32),
  root: new Uint8Array(32),
};

/** Batches that stand ready, and a fleet that answers when told to. */
const makeScene = (bytes = 100) => {
  const batches = new Map<number, SealedBatch>();
  const unacked = new Set<number>();
  const sent: number[] = [];
  const missing: number[] = [];
  const budget = { open: true };
  let now = 0;
  const add = (seq: number, lane: Lane): void => {
    const message = new Uint8Array(bytes);
    new DataView(message.buffer).setUint32(0, seq);
    batches.set(seq, { id: seq, seq, lane, message, header: { ...HEADER, seq, lane } });
    unacked.add(seq);
  };
  const sender = new Sender({
    now: () => now,
    random: () => 0,
    admitsBacklog: () => budget.open,
    send: (message) => sent.push(new DataView(message.buffer).getUint32(0)),
    buffer: {
      claim: (lane, limit, except) => {
        const ready = [...batches.values()]
          .filter((batch) => batch.lane === lane && unacked.has(batch.seq) && !except.has(batch.seq))
          .toSorted((a, b) => (lane === 'live' ? b.seq - a.seq : a.seq - b.seq));
        return Promise.resolve(ready.slice(0, limit));
      },
      declareMissing: (_epoch, ranges) => {
        for (const [first, last] of ranges) {
          for (let seq = first; seq <= last; seq += 1) if (!batches.has(seq)) missing.push(seq);
        }
        return Promise.resolve(ranges.length);
      },
      recall: (ranges) => Promise.resolve([...batches.values()].filter(({ seq }) => inRanges(seq, ranges))),
    },
  });
  const acknowledge = (...ranges: readonly SeqRange[]): void => {
    for (const seq of unacked) if (inRanges(seq, ranges)) unacked.delete(seq);
    sender.settle(EPOCH, sender.unanswered(EPOCH, ranges));
  };
  const pass = (ms: number): void => {
    now += ms;
  };
  return { sender, add, sent, missing, budget, acknowledge, pass, unacked };
};

describe('the live lane', () => {
  it('goes newest first, four at a time, the next with each ack', async () => {
    const { sender, add, sent, acknowledge } = makeScene();
    for (const seq of [1, 2, 3, 4, 5, 6]) add(seq, 'live');
    await sender.pump();
    expect(sent).toEqual([6, 5, 4, 3]);
    acknowledge([6, 6]);
    await sender.pump();
    expect(sent).toEqual([6, 5, 4, 3, 2]);
    expect(sender.inFlight).toBe(4);
  });

  it('goes before the backlog, which waits while it is full', async () => {
    const { sender, add, sent, acknowledge } = makeScene();
    for (const seq of [1, 2, 3]) add(seq, 'backfill');
    for (const seq of [4, 5, 6, 7]) add(seq, 'live');
    await sender.pump();
    expect(sent).toEqual([7, 6, 5, 4]);
    acknowledge([4, 7]);
    await sender.pump();
    expect(sent.slice(4)).toEqual([1, 2]);
  });
});

describe('a batch without ack', () => {
  it('goes again after its time, and not before', async () => {
    const { sender, add, sent, pass } = makeScene();
    add(1, 'live');
    const wait = await sender.pump();
    pass(wait - 1);
    await sender.pump();
    expect(sent).toEqual([1]);
    pass(1);
    await sender.pump();
    expect(sent).toEqual([1, 1]);
    expect(sender.resent).toBe(1);
  });

  it('stays stalled, however often it goes', async () => {
    const { sender, add, pass } = makeScene();
    add(1, 'live');
    await sender.pump();
    for (let index = 0; index < 10; index += 1) {
      pass(20_000);
      await sender.pump();
    }
    expect(sender.stalledMs).toBe(200_000);
  });

  it('goes again when the fleet had asked for it though it was acked', async () => {
    const { sender, add, sent, acknowledge, pass } = makeScene();
    add(1, 'backfill');
    acknowledge([1, 1]);
    await sender.resend(EPOCH, [[1, 1]]);
    await sender.pump();
    pass(200_000);
    await sender.pump();
    await sender.pump();
    expect(sent).toEqual([1, 1]);
  });
});

it('does not wait for batches that are gone, and declares them lost', async () => {
  const { sender, add, sent, missing } = makeScene();
  add(900, 'backfill');
  await sender.resend(EPOCH, [[1, 40]]);
  await sender.pump();
  expect(sent).toEqual([900]);
  expect(missing).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
});

describe('what the fleet cannot keep', () => {
  it('lets others pass, and is offered again after an hour', async () => {
    const { sender, add, sent, acknowledge, pass } = makeScene();
    for (const seq of [1, 2, 3, 4, 5]) add(seq, 'live');
    await sender.pump();
    sender.postpone(EPOCH, [2, 3, 4, 5]);
    await sender.pump();
    expect(sent).toEqual([5, 4, 3, 2, 1]);
    acknowledge([1, 1]);
    pass(3_500_000);
    await sender.pump();
    expect(sent).toEqual([5, 4, 3, 2, 1]);
    pass(100_000);
    await sender.pump();
    expect(sent.slice(5)).toContain(5);
  });

  it('is known by its bytes while it is on its way', async () => {
    const { sender, add } = makeScene();
    add(3, 'live');
    await sender.pump();
    const message = new Uint8Array(100);
    new DataView(message.buffer).setUint32(0, 3);
    expect(sender.sentAs(createHash('sha256').update(message).digest())).toMatchObject({
      epoch: EPOCH,
      seq: 3,
    });
    expect(sender.sentAs(new Uint8Array(32))).toBeUndefined();
  });
});

it('believes no ack for what it has not sent', async () => {
  const { sender, add } = makeScene();
  add(1, 'live');
  await sender.pump();
  expect(sender.unanswered(EPOCH, [[1, 9]])).toEqual([1]);
  expect(sender.unanswered('fedcba9876543210', [[1, 9]])).toEqual([]);
});

it('keeps the backlog waiting for the data budget, and never what is live', async () => {
  const { sender, add, sent, budget, pass } = makeScene();
  budget.open = false;
  add(1, 'backfill');
  add(2, 'live');
  const wait = await sender.pump();
  expect(sent).toEqual([2]);
  expect(sender.awaitsBudget).toBe(true);
  expect(wait).toBeLessThan(Infinity);
  budget.open = true;
  pass(wait);
  await sender.pump();
  expect(sent).toContain(1);
});

it('paces the backlog by its bytes', async () => {
  const { sender, add, sent, pass } = makeScene(60_000);
  for (const seq of [1, 2, 3, 4]) add(seq, 'backfill');
  const wait = await sender.pump();
  expect(sent).toEqual([1]);
  expect(wait).toBeGreaterThan(500);
  pass(wait);
  await sender.pump();
  expect(sent).toEqual([1, 2]);
});

it('delivers everything in the end, whatever acks come when, within its windows', async () => {
  const action = fc.oneof(
    fc.record({ type: fc.constant('ack' as const), pick: fc.nat() }),
    fc.record({ type: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 300_000 }) }),
    fc.record({ type: fc.constant('add' as const), lane: fc.constantFrom<Lane>('live', 'backfill') }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 60 }), async (actions) => {
      const { sender, add, sent, acknowledge, pass, unacked } = makeScene(5_000);
      let next = 1;
      for (const act of actions) {
        if (act.type === 'add') add(next++, act.lane);
        if (act.type === 'pass') pass(act.ms);
        if (act.type === 'ack' && sent.length > 0) {
          const seq = sent[act.pick % sent.length] ?? 0;
          acknowledge([seq, seq]);
        }
        await sender.pump();
        expect(sender.inFlight).toBeLessThanOrEqual(6);
      }
      for (let rounds = 0; unacked.size > 0; rounds += 1) {
        expect(rounds).toBeLessThan(500);
        await sender.pump();
        for (const seq of new Set(sent)) acknowledge([seq, seq]);
        pass(10_000);
      }
      expect(new Set(sent).size).toBe(next - 1);
    }),
    { numRuns: 60 },
  );
});
