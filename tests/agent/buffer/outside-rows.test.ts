import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { createOutsideRows, NOT_OUTSIDE } from '../../../agent/buffer/outside-rows.js';
import { prepareSchema } from '../../../agent/buffer/schema.js';
import { openDatabase } from '../../../agent/buffer/sqlite-database.js';

const MOST = 400;

it('knows each ordinal that was added, and, of a few stretches, no other', () => {
  const stretches = fc.array(fc.tuple(fc.nat(MOST), fc.nat(30)), { maxLength: 30 });
  fc.assert(
    fc.property(stretches, (added) => {
      const database = openDatabase(':memory:');
      prepareSchema(database, () => '0'.repeat(16));
      const outside = createOutsideRows(database);
      const expected = new Set<number>();
      for (const [first, more] of added) {
        outside.add(first, first + more);
        for (let ordinal = first; ordinal <= first + more; ordinal += 1) expected.add(ordinal);
      }
      const isInside = database.prepare(`SELECT ${NOT_OUTSIDE} FROM (SELECT ? AS ordinal)`).pluck();
      for (let ordinal = 0; ordinal <= MOST + 31; ordinal += 1) {
        expect(outside.has(ordinal)).toBe(expected.has(ordinal));
        expect(isInside.get(ordinal)).toBe(expected.has(ordinal) ? 0 : 1);
      }
      database.close();
    }),
    { numRuns: 30 },
  );
});

it('stays small, and forgets none, however many stretches there are', () => {
  const database = openDatabase(':memory:');
  prepareSchema(database, () => '0'.repeat(16));
  const outside = createOutsideRows(database);
  const added = Array.from({ length: 1_500 }, (_, index) => index * 3);
  for (const ordinal of added) outside.add(ordinal);
  expect(added.every((ordinal) => outside.has(ordinal))).toBe(true);
  expect(outside.has(added.at(-1) ?? 0)).toBe(true);
  expect(outside.has(4_400)).toBe(false);
  expect(database.prepare('SELECT count(*) FROM outside').pluck().get()).toBeLessThanOrEqual(1_001);
  database.close();
});
