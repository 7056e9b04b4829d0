import { generateKeyPairSync, sign } from 'node:crypto';
import { openBody, parseBatch, sealBatch, verifyBatch, type BatchDraft, type Signer } from '#wire/batch.js';
import type { ReadingColumn } from '#wire/readings.js';

const POINTS = 20;
const READINGS_EACH = 50;
const READINGS = POINTS * READINGS_EACH;
const ROUNDS = 300;
const INTERVAL_MS = 10_000;
const JITTER_MS = 200;

/** Numbers in [0, 1), the same in each run (Lehmer). */
const createRandom = (): (() => number) => {
  let state = 20_240_229;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
};

/** Points polled in turn every 10 s with up to 200 ms of jitter, each a walk of up to ±0.25 in two decimals. */
const jitteredColumns = (random: () => number): readonly ReadingColumn[] =>
  Array.from({ length: POINTS }, (_, point) => {
    let hundredths = 2000 + point * 100;
    return {
      point: point + 1,
      readings: Array.from({ length: READINGS_EACH }, (_, index) => {
        hundredths += Math.round((random() - 0.5) * 50);
        return {
          ordinal: 1_000_000 + index * POINTS + point,
          time: 1_760_000_000_000 + index * INTERVAL_MS + Math.floor(random() * JITTER_MS),
          value: hundredths / 100,
          flag: 1 as const,
          reason: 'none' as const,
          clock: 'synced' as const,
          uncertaintyMs: 0,
        };
      }),
    };
  });

/** Median time of one call, in µs a reading. */
const medianUs = (act: () => unknown): number => {
  const times = Array.from({ length: ROUNDS }, () => {
    const start = process.hrtime.bigint();
    act();
    return Number(process.hrtime.bigint() - start) / 1000 / READINGS;
  });
  return times.toSorted((a, b) => a - b)[ROUNDS >> 1] ?? NaN;
};

/**
 * Seals and opens 1,000 readings of 20 points. `bytesPerReading` counts the whole message with its signed header;
 * `encodeUs` seals, signature and deflate included; `decodeUs` parses and opens without the signature, as
 * projections do; `verifyUs` is the signature and body hash, as the door does.
 */
export const run = async (): Promise<Record<string, number>> => {
  const random = createRandom();
  const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => Math.floor(random() * 256));
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signer: Signer = {
    source: 'benchgateway0000',
    certificate: bytes(32),
    sign: (message) => sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' }),
  };
  const draft: BatchDraft = {
    epoch: '0123456789abcdef',
    seq: 12_345,
    lane: 'live',
    directory: bytes(32),
    heldBack: 0,
    seed: bytes(16),
    content: 'readings',
    columns: jitteredColumns(random),
  };
  const { message } = sealBatch(draft, signer);
  return {
    bytesPerReading: message.length / READINGS,
    encodeUs: medianUs(() => sealBatch(draft, signer)),
    decodeUs: medianUs(() => openBody(parseBatch(message))),
    verifyUs: medianUs(() => verifyBatch(parseBatch(message), publicKey)),
  };
};
