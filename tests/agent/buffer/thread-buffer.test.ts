import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { openBuffer } from '../../../agent/buffer/open-buffer.js';
import { BUFFER_THREAD_LIMITS, openThreadBuffer } from '../../../agent/buffer/thread-buffer.js';
import { describeBuffer } from '../../suites/buffer.js';
import { describeBufferTime } from '../../suites/buffer-time.js';
import {
  claimAll,
  hash,
  point,
  reading,
  readingsOf,
  signingKey,
  type OpenBufferForTest,
} from '../../support/buffer.js';
import { built, bundled } from '../../support/built.js';

const thread = bundled('buffer/buffer-thread.js');
const startThread = (): Worker => new Worker(thread, { resourceLimits: BUFFER_THREAD_LIMITS });

const open: OpenBufferForTest = async (options) => openThreadBuffer({ ...options, worker: startThread() });
describeBuffer('the buffer in its own thread', open);
describeBufferTime('the time of the buffer in its own thread', open);

const withFolder = async (run: (path: string) => Promise<void>): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), 'terroir-buffer-'));
  try {
    await run(join(folder, 'buffer.db'));
  } finally {
    rmSync(folder, { recursive: true });
  }
};

describe('the thread of the buffer', () => {
  it('ends with the buffer', async () => {
    await withFolder(async (path) => {
      const worker = startThread();
      const ended = new Promise((resolve) => worker.once('exit', resolve));
      const buffer = await openThreadBuffer({ path, worker });
      await buffer.close();
      expect(await ended).toBe(0);
    });
  });

  it('fails what waits, and every later call, when it dies', async () => {
    await withFolder(async (path) => {
      const worker = startThread();
      const buffer = await openThreadBuffer({ path, worker, commitMs: 60_000 });
      await buffer.definePoints([point('a/x')]);
      const appended = buffer.append([reading(1, 0)]);
      const outcome = appended.catch((error: unknown) => error);
      await worker.terminate();
      expect(await outcome).toMatchObject({ code: 'thread' });
      await expect(buffer.state()).rejects.toMatchObject({ code: 'thread' });
    });
  });

  it('gives up a call that takes too long', async () => {
    await withFolder(async (path) => {
      const buffer = await openThreadBuffer({ path, worker: startThread(), commitMs: 60_000, callMs: 3_000 });
      await buffer.definePoints([point('a/x')]);
      await expect(buffer.append([reading(1, 0)])).rejects.toMatchObject({
        code: 'timeout',
        retryable: true,
      });
      await buffer.close();
    });
  });
});

/**
 * Appends one reading after the other and prints the number of each whose append resolved; seals and acks
 * meanwhile, as a running agent does.
 */
const WRITER = `
import { Worker } from 'node:worker_threads';
const [, module, thread, path, privateKey] = process.argv;
const { openThreadBuffer } = await import(module);
const buffer = await openThreadBuffer({ path, worker: new Worker(thread, { execArgv: [] }), commitMs: 3 });
await buffer.definePoints([{ key: 'a/x', kind: 'gauge', valueType: 'integer', intervalMs: 1000, maxHoldMs: 60000, windows: [60000] }]);
await buffer.useDirectory(new Uint8Array(32).fill(1), Uint8Array.of(1));
await buffer.setSigner({ source: 'gateway000000001', certificate: new Uint8Array(32), privateKey });
const start = Date.UTC(2026, 5, 1, 8);
let sealed = Promise.resolve();
for (let value = (await buffer.state()).lastOrdinal; ; value += 1) {
  await buffer.append([{ point: 1, boot: 'b', monotonic: value * 1000, time: start + value * 1000, clock: 'synced', uncertaintyMs: 0, value, flag: 1, reason: 'none', held: value % 3 === 0 }]);
  process.stdout.write(value + '\\n');
  if (value % 20 === 0) sealed = buffer.seal('live', 'due');
}
`;

/** Runs the writer until it has said `count` numbers more, kills it, and gives all that it said. */
const writeAndKill = async (path: string, count: number): Promise<readonly number[]> => {
  const module = pathToFileURL(built('agent/buffer/thread-buffer.js', ['agent/buffer', 'agent/wire'])).href;
  const args = ['--input-type=module', '-e', WRITER, '--', module, thread, path, signingKey.privateKey];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const said: number[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(Number(line));
    if (said.length === count) child.kill('SIGKILL');
  }
  await exited;
  return said;
};

describe('a process killed while it appends', { timeout: 120_000 }, () => {
  it('has every reading whose append resolved, once, sealed or not', async () => {
    await withFolder(async (path) => {
      const said = new Set<number>();
      for (const count of [37, 90, 141, 64])
        for (const value of await writeAndKill(path, count)) said.add(value);
      expect(said.size).toBeGreaterThan(200);

      const buffer = await openBuffer({ path });
      await buffer.setSigner(signingKey);
      await buffer.definePoints([point('a/x')]);
      await buffer.append([reading(1, 1e9, { boot: 'last', value: -1 })]);
      await buffer.useDirectory(hash(1), Uint8Array.of(1));
      const unsent = new Set([...said].filter((value) => value % 3 === 0));
      await buffer.seal('live', 'due');
      const batches = await claimAll(buffer);
      const { lastSealed, heldRows, unsealedRows } = await buffer.state();
      await buffer.close();

      expect(batches.map(({ seq }) => seq)).toEqual(
        Array.from({ length: lastSealed }, (_, index) => index + 1),
      );
      const sent = batches.flatMap(readingsOf).map(({ value }) => Number(value));
      expect(new Set(sent).size).toBe(sent.length);
      const found = new Set(sent);
      expect([...said].filter((value) => value % 3 !== 0 && !found.has(value))).toEqual([]);
      expect(heldRows).toBeGreaterThanOrEqual(unsent.size);
      expect(unsealedRows).toBe(0);
    });
  });
});
