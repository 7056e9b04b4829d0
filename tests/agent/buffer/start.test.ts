import { readFileSync, statSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { openBuffer } from '../../../agent/buffer/open-buffer.js';
import { BufferFile, hash, point, reading, START } from '../../support/buffer.js';
import { multiplyRows } from '../../support/multiply-rows.js';

/** Bytes that this process has read so far, also from what the system had in memory (proc(5)). */
const readSoFar = (): number => Number(/rchar: (\d+)/.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);

/** Opens a file with that many rows as a starting agent does; gives what it read until a new reading could leave. */
const startOn = async (rows: number): Promise<{ readonly fileBytes: number; readonly readBytes: number }> => {
  const file = new BufferFile(openBuffer);
  try {
    const before = await file.ready();
    await before.append(Array.from({ length: 2_000 }, (_, index) => reading(1 + (index % 2), index)));
    await before.close();
    multiplyRows(file.path, rows);
    const from = readSoFar();
    const buffer = await file.open();
    expect(buffer.setAside).toBeUndefined();
    await buffer.definePoints([point('a/x'), point('a/y')]);
    await buffer.useDirectory(hash(2), Uint8Array.of(4));
    const boot = 'boot-two';
    await buffer.synchronise(boot, { offsetMs: START, uncertaintyMs: 0, toldAt: 0 });
    await buffer.append([reading(1, 7_200_000, { boot, monotonic: 7_200_000 })]);
    const { lastOrdinal } = await buffer.state();
    expect(lastOrdinal).toBe(rows + 1);
    const sealing = buffer.seal('live', 'due');
    for (;;) {
      const [newest] = await buffer.claim('live', 1, new Set());
      if (newest?.header.lastOrdinal === lastOrdinal) break;
      await turn();
    }
    const readBytes = readSoFar() - from;
    await buffer.close();
    await sealing;
    return { fileBytes: statSync(file.path).size, readBytes };
  } finally {
    await file.remove();
  }
};

it(
  'reads no more of a large backlog than of a small one until a new reading can leave',
  { timeout: 600_000 },
  async () => {
    const small = await startOn(30_000);
    const large = await startOn(400_000);
    expect(large.fileBytes - small.fileBytes).toBeGreaterThan(8e6);
    expect(large.readBytes - small.readBytes).toBeLessThan(2e6);
  },
);
