import { appendFileSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openSpool } from '../../../fleet/simulation/spool.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const note = (seq: number) =>
  ({
    lane: seq % 2 === 0 ? 'backfill' : 'live',
    readings: seq,
    lastOrdinal: seq * 10,
    nextTick: seq + 100,
  }) as const;

describe('the spool of a simulated gateway', () => {
  it('gives the same bytes and notes after it was opened again', () => {
    const folder = temporaryFolder();
    const spool = openSpool(folder);
    for (const seq of [1, 2, 3]) spool.append(note(seq), Buffer.alloc(seq * 7, seq));
    spool.close();
    const again = openSpool(folder);
    expect(again.last).toBe(3);
    expect([...again.message(2)]).toEqual([...Buffer.alloc(14, 2)]);
    expect(again.note(2)).toMatchObject(note(2));
    again.append(note(4), Buffer.from('four'));
    expect(Buffer.from(again.message(4)).toString()).toBe('four');
    again.close();
  });

  it('drops what a kill left half written, and goes on behind the last whole batch', () => {
    const folder = temporaryFolder();
    const spool = openSpool(folder);
    for (const seq of [1, 2, 3]) spool.append(note(seq), Buffer.alloc(100, seq));
    spool.close();
    // the third batch is short, and an entry was begun
    truncateSync(join(folder, 'batches'), 250);
    appendFileSync(join(folder, 'index'), Buffer.alloc(11, 9));
    const again = openSpool(folder);
    expect(again.last).toBe(2);
    again.append(note(3), Buffer.alloc(50, 8));
    expect([...again.message(3)]).toEqual([...Buffer.alloc(50, 8)]);
    expect([...again.message(2)]).toEqual([...Buffer.alloc(100, 2)]);
    again.close();
    expect(readFileSync(join(folder, 'batches')).length).toBe(250);
  });
});
