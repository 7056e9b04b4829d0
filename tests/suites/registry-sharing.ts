import { describe, expect, test } from 'vitest';
import { appendedAfter } from '../../fleet/access/audit/chain.js';
import type { Usage } from '../../fleet/store/usage-store.js';
import { openTree, type OpenRegistry } from './registry-fixtures.js';

const use = (hour: number, more: Partial<Usage> = {}): Usage => ({
  hour,
  giver: 'a',
  reader: 'b',
  subject: null,
  agreementId: 'g',
  version: 1,
  clause: 'c',
  purpose: 'operations',
  datasetId: 'd',
  reads: 1,
  readings: 10,
  ...more,
});

const append = (usage: Usage) => ({
  trail: `usage/${usage.giver}`,
  make: (newest: Parameters<typeof appendedAfter>[0]) =>
    appendedAfter(newest, {
      trail: 'usage/a',
      at: 1,
      salt: Uint8Array.of(1),
      content: JSON.stringify(usage),
    }),
});

/** Agreements, datasets, and what was used under them. */
export const registrySharingSuite = (name: string, open: OpenRegistry): void => {
  describe(`${name}: sharing`, () => {
    test('moves its revision with each agreement and dataset', async () => {
      const store = await openTree(open);
      const seen = [await store.policyRevision()];
      const dataset = { id: 'd', organisationId: 'a', revision: 1, content: { title: { fr: 'D' } } as never };
      expect(await store.putDataset(dataset)).toBe(true);
      seen.push(await store.policyRevision());
      expect(await store.putDataset(dataset)).toBe(false);
      expect(await store.putDataset({ ...dataset, revision: 2 })).toBe(true);
      seen.push(await store.policyRevision());
      expect(await store.dataset('d')).toEqual({ ...dataset, revision: 2 });
      const deed = { at: 1, by: 'p', organisationId: 'a', type: 'proposed' } as const;
      expect(await store.appendAgreement('g', 0, deed)).toBe(true);
      expect(await store.appendAgreement('g', 2, deed)).toBe(false);
      seen.push(await store.policyRevision());
      expect(await store.removeDataset('d', 1)).toBe(false);
      expect(await store.removeDataset('d', 2)).toBe(true);
      seen.push(await store.policyRevision());
      expect(seen).toEqual(seen.toSorted((a, b) => a - b));
      expect(new Set(seen).size).toBe(5);
      expect(await store.agreements()).toEqual([{ id: 'g', events: [deed] }]);
    });

    test('sums use by month and purpose, sealed or not', async () => {
      const store = await openTree(open);
      const open1 = use(5, { agreementId: null, purpose: null });
      await store.usage.count([use(1), use(1), open1]);
      expect(await store.usage.seal(5, append)).toBe(1);
      expect(await store.usage.seal(5, append)).toBe(0);
      const months = [
        { name: 'm1', from: 0, to: 5 },
        { name: 'm2', from: 5, to: 9 },
      ];
      const sums = (side: 'giver' | 'reader', by: 'month' | 'purpose') =>
        store.usage.sums({ side, organisations: [side === 'giver' ? 'a' : 'b'], by, months });
      const row = { giver: 'a', reader: 'b', datasetId: 'd' };
      expect(await sums('reader', 'month')).toEqual([
        { ...row, month: 'm1', agreementId: 'g', purpose: 'operations', reads: 2, readings: 20 },
        { ...row, month: 'm2', agreementId: null, purpose: null, reads: 1, readings: 10 },
      ]);
      // who read an open dataset is the public to its giver
      expect((await sums('giver', 'month'))[1]?.reader).toBeNull();
      const byPurpose = await sums('reader', 'purpose');
      expect(byPurpose.map(({ purpose, readings }) => [purpose, readings])).toEqual([
        [null, 10],
        ['operations', 20],
      ]);
      expect((await store.usage.read('usage/a', 0, 9))[0]?.content).toContain('"hour":1');
    });
  });
};
