import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  Buffer as GatewayBuffer,
  BufferPoint,
  NewReading,
  SealedBatch,
} from '../../agent/buffer/buffer.js';
import type { BufferOptions } from '../../agent/buffer/open-buffer.js';
import { openBody, parseBatch, verifyBatch } from '#wire/batch.js';
import type { Reading } from '#wire/readings.js';
import type { WindowColumn } from '#wire/windows.js';

export type OpenBufferForTest = (options: BufferOptions) => Promise<GatewayBuffer>;

/** A Monday, 08:00 UTC. */
export const START = Date.UTC(2026, 5, 1, 8);
export const SOURCE = 'gateway000000001';
export const BOOT = 'boot-one';

const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
export const publicKey = createPublicKey(keys.publicKey.export({ type: 'spki', format: 'pem' }));
export const signingKey = {
  source: SOURCE,
  certificate: new Uint8Array(32).fill(7),
  privateKey: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
};

export const hash = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);

export const point = (key: string, change: Partial<BufferPoint> = {}): BufferPoint => ({
  key,
  kind: 'gauge',
  valueType: 'float',
  intervalMs: 10_000,
  maxHoldMs: 60_000,
  windows: [],
  ...change,
});

/** What a clock that is known to a second says of the boot of `reading`. */
export const KNOWN_CLOCK = { offsetMs: START - 3_600_000, uncertaintyMs: 0, toldAt: 3_600_000 };

/** A synced reading `at` ms after START; the boot began an hour before. */
export const reading = (number: number, at: number, change: Partial<NewReading> = {}): NewReading => ({
  point: number,
  boot: BOOT,
  monotonic: 3_600_000 + at,
  time: START + at,
  clock: 'synced',
  uncertaintyMs: 0,
  value: 21.5,
  flag: 1,
  reason: 'none',
  held: false,
  ...change,
});

/** Readings of a batch by point, after its signature was verified. */
export const readingsOf = (batch: SealedBatch): readonly (Reading & { readonly point: number })[] => {
  const parsed = parseBatch(batch.message);
  verifyBatch(parsed, publicKey);
  const body = openBody(parsed);
  if (body.content !== 'readings') return [];
  return body.columns
    .flatMap(({ point, readings }) => readings.map((each) => ({ ...each, point })))
    .toSorted((a, b) => a.ordinal - b.ordinal);
};

export const windowColumnsOf = (batch: SealedBatch): readonly WindowColumn[] => {
  const parsed = parseBatch(batch.message);
  verifyBatch(parsed, publicKey);
  const body = openBody(parsed);
  return body.content === 'windows' ? body.columns : [];
};

export const claimAll = async (buffer: GatewayBuffer): Promise<readonly SealedBatch[]> => {
  const live = await buffer.claim('live', 10_000, new Set());
  const backfill = await buffer.claim('backfill', 10_000, new Set());
  return [...live, ...backfill].toSorted((a, b) => a.seq - b.seq);
};

/** One buffer file in a folder of its own, opened anew as often as a test likes. */
export class BufferFile {
  readonly folder = mkdtempSync(join(tmpdir(), 'terroir-buffer-'));
  readonly path = join(this.folder, 'buffer.db');
  readonly #open: OpenBufferForTest;
  #buffer: GatewayBuffer | undefined;

  constructor(open: OpenBufferForTest) {
    this.#open = open;
  }

  /** Closes the buffer, if it is open, and opens it; without `signed` it has no key. */
  async open(options: Partial<BufferOptions> = {}, signed = true): Promise<GatewayBuffer> {
    await this.#buffer?.close();
    this.#buffer = await this.#open({ path: this.path, commitMs: 5, reserveBytes: 0, ...options });
    if (signed) await this.#buffer.setSigner(signingKey);
    return this.#buffer;
  }

  /** Open, with points, a directory and a key. */
  async ready(
    points: readonly BufferPoint[] = [point('a/x'), point('a/y')],
    options: Partial<BufferOptions> = {},
  ): Promise<GatewayBuffer> {
    const buffer = await this.open(options);
    await buffer.definePoints(points);
    await buffer.useDirectory(hash(1), Uint8Array.of(1, 2, 3));
    return buffer;
  }

  async remove(): Promise<void> {
    await this.#buffer?.close();
    rmSync(this.folder, { recursive: true });
  }
}
