import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Buffer as GatewayBuffer, SealedBatch } from '../../../agent/buffer/buffer.js';
import { openBuffer } from '../../../agent/buffer/open-buffer.js';
import { claimAll, point, reading, readingsOf, signingKey } from '../../support/buffer.js';
import { accountOf, directoryOf, lossesOf, sealAll } from '../../support/buffer-accounts.js';
import { eventually } from '../../support/eventually.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const POINTS = [point('a/x'), point('a/y')];
const REASON = 'it had sealed more: an older copy of the card?';

const ready = async (path: string): Promise<GatewayBuffer> => {
  const buffer = await openBuffer({ path, commitMs: 5, reserveBytes: 0 });
  await buffer.setSigner(signingKey);
  const numbers = await buffer.definePoints(POINTS);
  const { hash, bytes } = directoryOf(POINTS, numbers);
  await buffer.useDirectory(hash, bytes);
  return buffer;
};

const store = async (buffer: GatewayBuffer, from: number, to: number, boot: string): Promise<void> => {
  const rows = Array.from({ length: to - from }, (_, index) =>
    reading(1 + (index % 2), from + index, { value: from + index, boot }),
  );
  await buffer.append(rows);
};

const valuesOf = (batches: readonly SealedBatch[]): readonly number[] =>
  batches
    .flatMap(readingsOf)
    .map(({ value }) => Number(value))
    .toSorted((a, b) => a - b);

const numbers = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from }, (_, index) => from + index);

/** A copy of a card from when 3,000 readings were acked, on which 2,000 more were stored since, all of them sealed. */
const openCopy = async (): Promise<{ readonly copy: GatewayBuffer; readonly epoch: string }> => {
  const folder = temporaryFolder();
  const original = await ready(join(folder, 'buffer.db'));
  await store(original, 0, 3_000, 'boot-one');
  await sealAll(original);
  const { epoch } = original;
  await original.ack(epoch, [[1, 3]]);
  await original.close();
  cpSync(join(folder, 'buffer.db'), join(folder, 'copy.db'));
  const copy = await ready(join(folder, 'copy.db'));
  await store(copy, 10_000, 12_000, 'boot-two');
  await sealAll(copy);
  expect((await claimAll(copy)).map(({ seq }) => seq)).toEqual([4, 5]);
  return { copy, epoch };
};

const saved = (buffer: GatewayBuffer): Promise<void> =>
  eventually(async () => (await buffer.state()).storage.salvaging === 0, 25_000);

describe('an older copy of a file that went further', { timeout: 60_000 }, () => {
  it('goes on as a new epoch, into which it is saved; what was being appended is stored there', async () => {
    const { copy, epoch } = await openCopy();
    const waiting = store(copy, 12_000, 12_010, 'boot-two');
    expect(await copy.renew('ffffffffffffffff', REASON)).toBe(false);
    expect(await copy.renew(epoch, REASON)).toBe(true);
    expect(copy.epoch).not.toBe(epoch);
    expect(copy.setAside).toMatchObject({ reason: REASON, path: expect.stringContaining('.bad-') });
    expect(await copy.renew(epoch, REASON)).toBe(false);
    await waiting;
    await saved(copy);
    await sealAll(copy);
    const batches = await claimAll(copy);
    expect(valuesOf(batches.filter(({ header }) => header.epoch === copy.epoch))).toEqual(
      numbers(12_000, 12_010),
    );
    expect(valuesOf(batches.filter(({ header }) => header.epoch === epoch))).toEqual(numbers(10_000, 12_000));
    expect(lossesOf(batches)).toEqual([]);
    await copy.close();
  });

  it('offers what its batches hold again under other numbers, once, where theirs are taken', async () => {
    const { copy, epoch } = await openCopy();
    await copy.renew(epoch, REASON);
    await saved(copy);
    const refused = [4, 5].map((seq) => ({ seq, reason: 'other bytes are stored', taken: true }));
    await copy.quarantine(epoch, refused);
    await copy.quarantine(epoch, refused);
    await store(copy, 12_000, 12_010, 'boot-two');
    await sealAll(copy);
    const batches = await claimAll(copy);
    expect(new Set(batches.map(({ header }) => header.epoch))).toEqual(new Set([copy.epoch]));
    expect(valuesOf(batches)).toEqual(numbers(10_000, 12_010));
    const { delivered, heldBack, lost } = accountOf(batches, copy.epoch);
    const { lastOrdinal, unsealedRows, quarantinedBatches } = await copy.state();
    expect([delivered + heldBack + lost, unsealedRows, quarantinedBatches]).toEqual([lastOrdinal, 0, 2]);
    await copy.close();
  });

  it('only keeps what was refused for another reason', async () => {
    const { copy, epoch } = await openCopy();
    await copy.renew(epoch, REASON);
    await saved(copy);
    await copy.quarantine(epoch, [{ seq: 4, reason: 'forged' }]);
    expect((await claimAll(copy)).map(({ seq }) => seq)).toEqual([5]);
    await copy.close();
  });

  it('keeps its history, tells how far its epoch went, and declares what is gone of it exactly and once', async () => {
    const { copy, epoch } = await openCopy();
    expect((await copy.state()).earlier).toEqual([]);
    await copy.renew(epoch, REASON);
    await saved(copy);
    expect((await copy.state()).earlier).toEqual([{ epoch, firstUnacked: 4 }]);
    await copy.ack(epoch, [[4, 5]]);
    expect((await copy.state()).earlier).toEqual([{ epoch, firstUnacked: 6 }]);
    expect(valuesOf(await copy.recall([[1, 3]], epoch))).toEqual(numbers(0, 3_000));
    expect(await copy.declareMissing(epoch, [[1, 6]])).toBe(1);
    expect(await copy.declareMissing(epoch, [[1, 6]])).toBe(0);
    await sealAll(copy);
    expect(lossesOf(await claimAll(copy))).toMatchObject([{ epoch, firstSeq: 6, lastSeq: 6, exact: false }]);
    await copy.close();
  });
});
