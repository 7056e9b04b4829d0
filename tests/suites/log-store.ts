import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toRanges } from '../../fleet/log/seq-ranges.js';
import type { Erasure, LogItem, LogReader, LogWriter } from '../../fleet/store/log-store.js';

const SOURCE = 'gateway000000000001';
const EPOCH = '0123456789abcdef';

const batch = (
  seq: number,
  text = `batch ${seq}`,
  more: Partial<Extract<LogItem, { type: 'batch' }>> = {},
) => {
  const message = new TextEncoder().encode(text);
  const hash = createHash('sha256').update(message).digest();
  return {
    type: 'batch',
    source: SOURCE,
    epoch: EPOCH,
    seq,
    hash,
    receivedAt: 1000 + seq,
    message,
    ...more,
  } as const;
};

export interface OpenLog {
  readonly writer: LogWriter;
  readonly openReader: () => LogReader;
}

const hashOf = (message: Uint8Array): Uint8Array => createHash('sha256').update(message).digest();

/** What takes something out of a batch in this place. */
const erasureOf = ({ source, epoch, seq, hash }: ReturnType<typeof batch>, position: number): Erasure => {
  const message = new TextEncoder().encode('reduced');
  const counts = { firstTime: 5, lastTime: 6, readings: 1, windows: 0, others: [] };
  const hashes = { before: hash, after: hashOf(message) };
  return { position, pointId: 'point', source, epoch, seq, ...counts, erasedAt: 7, ...hashes, message };
};

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** What becomes of batches offered one after the other. */
const expectedOf = (items: readonly ReturnType<typeof batch>[]): readonly string[] => {
  const stored = new Map<number, string>();
  return items.map((item) => {
    const known = stored.get(item.seq);
    if (known === text(item.message)) return 'duplicate';
    if ('refused' in item && item.refused !== undefined) return 'quarantined';
    if (known === undefined) {
      stored.set(item.seq, text(item.message));
      return 'stored';
    }
    return 'clone';
  });
};

/** What every implementation of the log keeps. */
export const logStoreSuite = (name: string, open: () => OpenLog | Promise<OpenLog>): void => {
  describe(`the log in ${name}`, () => {
    test('appends a batch once, whatever is sent again', async () => {
      const { writer, openReader } = await open();
      expect(await writer.append([batch(1), batch(2)])).toEqual(['stored', 'stored']);
      expect(await writer.append([batch(2), batch(1), batch(3)])).toEqual([
        'duplicate',
        'duplicate',
        'stored',
      ]);
      const reader = openReader();
      const entries = await reader.read(0, 100, 1_000_000);
      expect(entries.map(({ message }) => new TextDecoder().decode(message))).toEqual([
        'batch 1',
        'batch 2',
        'batch 3',
      ]);
      expect(await reader.head()).toBe(entries.at(-1)?.position);
      await reader.close();
      await writer.close();
    });

    test('keeps the same key with other bytes apart and overwrites nothing', async () => {
      const { writer, openReader } = await open();
      await writer.append([batch(1)]);
      expect(await writer.append([batch(1, 'a copied card')])).toEqual(['clone']);
      const reader = openReader();
      expect(await reader.read(0, 100, 1_000_000)).toHaveLength(1);
      await reader.close();
      await writer.close();
    });

    test('keeps a refused batch apart with its reason, answers for it, and gives it back as it came', async () => {
      const { writer, openReader } = await open();
      expect(await writer.append([batch(7, 'forged', { refused: 'signature does not hold' })])).toEqual([
        'quarantined',
      ]);
      expect(await writer.stored(SOURCE, EPOCH)).toEqual({ stored: [], quarantined: [7] });
      const reader = openReader();
      expect(await reader.read(0, 100, 1_000_000)).toEqual([]);
      const [kept] = await reader.keptApart(SOURCE, 10);
      expect(kept).toMatchObject({ epoch: EPOCH, seq: 7, clone: false, reason: 'signature does not hold' });
      expect(new TextDecoder().decode(await reader.keptApartMessage(kept?.id ?? ''))).toBe('forged');
      await reader.close();
      await writer.close();
    });

    test('keeps apart what has no number, once', async () => {
      const { writer, openReader } = await open();
      const { hash, message } = batch(1, 'noise');
      const item = {
        type: 'unreadable',
        source: SOURCE,
        hash,
        message,
        receivedAt: 1,
        refused: 'no header',
      } as const;
      expect(await writer.append([item, item])).toEqual(['quarantined', 'quarantined']);
      const reader = openReader();
      expect(await reader.keptApart(undefined, 10)).toMatchObject([{ source: SOURCE, reason: 'no header' }]);
      await reader.close();
      await writer.close();
    });

    test('says so where a source has no room left to keep something apart, and keeps nothing of it', async () => {
      const { writer, openReader } = await open();
      const forged = (seq: number) => batch(seq, `forged ${seq}`, { refused: 'no' });
      const first = Array.from({ length: 1000 }, (_, index) => forged(index + 1));
      expect(new Set(await writer.append(first))).toEqual(new Set(['quarantined']));
      expect(await writer.append([forged(1001), forged(1)])).toEqual(['no-room', 'quarantined']);
      await writer.append([batch(2000)]);
      expect(await writer.append([batch(2000, 'a copied card')])).toEqual(['no-room']);
      expect((await writer.stored(SOURCE, EPOCH)).quarantined).toHaveLength(1000);
      const reader = openReader();
      expect(await reader.keptApart(SOURCE, 2000)).toHaveLength(1000);
      await reader.close();
      await writer.close();
    });

    test('stores a batch under a number of which a forgery came first', async () => {
      const { writer } = await open();
      await writer.append([batch(1, 'forged', { refused: 'no' })]);
      expect(await writer.append([batch(1)])).toEqual(['stored']);
      await writer.close();
    });

    test('stores a directory once for each source', async () => {
      const { writer } = await open();
      const directory = {
        type: 'directory',
        source: SOURCE,
        hash: batch(1).hash,
        receivedAt: 1,
        message: batch(1).message,
      } as const;
      expect(await writer.hasDirectory(SOURCE, directory.hash)).toBe(false);
      expect(await writer.append([directory, directory])).toEqual(['stored', 'duplicate']);
      expect(await writer.hasDirectory(SOURCE, directory.hash)).toBe(true);
      expect(await writer.hasDirectory('gateway000000000002', directory.hash)).toBe(false);
      await writer.close();
    });

    test('reads on from a position, within a count and a size', async () => {
      const { writer, openReader } = await open();
      await writer.append([1, 2, 3, 4].map((seq) => batch(seq)));
      const reader = openReader();
      const [first, second] = await reader.read(0, 2, 1_000_000);
      expect(second).toBeDefined();
      expect(await reader.read(second?.position ?? 0, 100, 1_000_000)).toHaveLength(2);
      expect(await reader.read(0, 100, 1)).toEqual([first]);
      await reader.close();
      await writer.close();
    });

    test('stores one of many batches that are offered at once, each number once', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(
            fc.record({
              seq: fc.integer({ min: 1, max: 12 }),
              text: fc.constantFrom('a', 'b'),
              refused: fc.boolean(),
            }),
            { maxLength: 30 },
          ),
          fc.integer({ min: 1, max: 8 }),
          async (offers, group) => {
            const { writer, openReader } = await open();
            const items = offers.map(({ seq, text, refused }) =>
              batch(seq, `${seq}${text}`, refused ? { refused: 'no' } : {}),
            );
            const outcomes: string[] = [];
            for (let from = 0; from < items.length; from += group) {
              outcomes.push(...(await writer.append(items.slice(from, from + group))));
            }
            expect(outcomes).toEqual(expectedOf(items));
            const reader = openReader();
            const entries = await reader.read(0, 100, 1_000_000);
            const stored = items.filter((_, index) => outcomes[index] === 'stored');
            expect(entries.map(({ message }) => text(message))).toEqual(
              stored.map(({ message }) => text(message)),
            );
            await reader.close();
            await writer.close();
          },
        ),
        { numRuns: 15 },
      );
    });

    test('lists the epochs of a source in the order in which they came', async () => {
      const { writer } = await open();
      for (const epoch of ['ffff', '0000', '8888']) await writer.append([batch(1, epoch, { epoch })]);
      expect(await writer.epochs(SOURCE)).toEqual(['ffff', '0000', '8888']);
      expect(await writer.stored(SOURCE, '0000')).toEqual({ stored: [[1, 1]], quarantined: [] });
      await writer.close();
    });

    test('erases what was read and nothing else, and the original stays a duplicate', async () => {
      const { writer, openReader } = await open();
      await writer.append([batch(1), batch(2)]);
      const reader = openReader();
      const [entry] = await reader.read(0, 1, 1);
      const others = [{ organisationId: 'o', firstTime: 6, lastTime: 6, readings: 1, windows: 0 }];
      const erasure = { ...erasureOf(batch(1), entry?.position ?? 0), others };
      const wrong = { ...erasure, position: erasure.position + 1 };
      await expect(writer.eraseColumns([erasure, wrong])).rejects.toMatchObject({ code: 'changed-since' });
      expect((await reader.read(0, 1, 1)).map((each) => text(each.message))).toEqual(['batch 1']);
      await writer.eraseColumns([erasure]);
      expect((await reader.read(0, 9, 999)).map((each) => text(each.message))).toEqual([
        'reduced',
        'batch 2',
      ]);
      expect(await reader.erased('point', 0, 6)).toMatchObject([
        { seq: 1, firstTime: 5, erasedAt: 7, others },
      ]);
      expect(await reader.erased('point', 7, 9)).toEqual([]);
      expect(await writer.append([batch(1)])).toEqual(['duplicate']);
      await reader.close();
      await writer.close();
    });

    test('numbers erasures, and says of which sources there are any after a number', async () => {
      const { writer, openReader } = await open();
      const other = 'gateway000000000000';
      const items = [batch(1), batch(2), batch(3, 'batch 3', { source: other })];
      await writer.append(items);
      const reader = openReader();
      const placed = (await reader.read(0, 9, 999)).map(({ position }, index) =>
        erasureOf(items[index] ?? batch(1), position),
      );
      const [first, second, others] = [placed.slice(0, 1), placed.slice(1, 2), placed.slice(2)];
      expect(await reader.erasedAfter(0)).toEqual({ number: 0, sources: [] });
      await expect(writer.eraseColumns([...first, ...first])).rejects.toMatchObject({
        code: 'changed-since',
      });
      expect(await reader.erasedAfter(0)).toEqual({ number: 0, sources: [] });

      await writer.eraseColumns(first);
      const { number, sources } = await reader.erasedAfter(0);
      expect([number > 0, sources]).toEqual([true, [SOURCE]]);
      expect(await reader.erasedAfter(number)).toEqual({ number, sources: [] });
      await writer.eraseColumns([...others, ...second]);
      const after = await reader.erasedAfter(number);
      expect([after.number > number, after.sources]).toEqual([true, [other, SOURCE]]);
      const more = others.map((each) => ({ ...each, pointId: 'another', before: each.after }));
      await writer.eraseColumns(more);
      expect((await reader.erasedAfter(after.number)).sources).toEqual([other]);
      await reader.close();
      await writer.close();
    });

    test('knows what it has of an epoch as ranges, in whatever order it came', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 40 }), async (seqs) => {
          const { writer } = await open();
          for (const seq of seqs) await writer.append([batch(seq)]);
          expect((await writer.stored(SOURCE, EPOCH)).stored).toEqual(toRanges(seqs));
          await writer.close();
        }),
        { numRuns: 25 },
      );
    });
  });
};
