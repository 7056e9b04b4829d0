import { createPrivateKey, sign, X509Certificate, createHash, type KeyObject } from 'node:crypto';
import { sealBatch, type Signer } from '#wire/batch.js';
import { encodeDirectory } from '#wire/directory-codec.js';
import type { Directory } from '#wire/directory.js';
import type { ReadingColumn } from '#wire/readings.js';

export const POINTS = 20;
export const READINGS_EACH = 50;
export const BATCH_READINGS = POINTS * READINGS_EACH;
const INTERVAL_MS = 10_000;
const JITTER_MS = 200;
const START = Date.UTC(2026, 0, 5);

/** One gateway's messages, sealed and signed beforehand. */
export interface SealedGateway {
  readonly id: string;
  readonly thumbprint: string;
  readonly directory: Uint8Array;
  readonly batches: readonly Uint8Array[];
}

const directoryOf = (id: string): Directory => ({
  configuration: '00'.repeat(32),
  devices: [
    {
      key: 'device',
      name: `Device of ${id}`,
      protocol: 'modbus',
      bus: 'bus',
      address: '1',
      maker: 'Bench',
      model: 'Bench',
      profileHash: '00'.repeat(32),
      installation: {},
    },
  ],
  points: Array.from({ length: POINTS }, (_, index) => ({
    number: index + 1,
    device: 'device',
    key: `point-${index + 1}`,
    name: `Point ${index + 1}`,
    kind: 'gauge',
    valueType: 'float',
    property: 'air_temperature',
    unit: 'Cel',
    intervalMs: INTERVAL_MS,
    maxHoldMs: 60_000,
    windows: [],
    scale: 1,
    offset: 0,
    tests: {},
  })),
});

/** Columns of the `n`th batch: each point polled every 10 s with jitter, a walk in two decimals. */
export const columnsOf = (gateway: number, n: number, random: () => number): readonly ReadingColumn[] =>
  Array.from({ length: POINTS }, (_, point) => {
    let hundredths = 2000 + point * 100 + gateway;
    return {
      point: point + 1,
      readings: Array.from({ length: READINGS_EACH }, (_unused, index) => {
        hundredths += Math.round((random() - 0.5) * 50);
        const tick = n * READINGS_EACH + index;
        return {
          ordinal: tick * POINTS + point + 1,
          time: START + tick * INTERVAL_MS + Math.floor(random() * JITTER_MS),
          value: hundredths / 100,
          flag: 1 as const,
          reason: 'none' as const,
          clock: 'synced' as const,
          uncertaintyMs: 0,
        };
      }),
    };
  });

export interface EnrolledGateway {
  readonly id: string;
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/** Seals `count` batches of one gateway. */
export const sealGateway = (
  gateway: number,
  { id, certificatePem, privateKeyPem }: EnrolledGateway,
  count: number,
  random: () => number,
): SealedGateway => {
  const { raw } = new X509Certificate(certificatePem);
  const certificate = createHash('sha256').update(raw).digest();
  const key = createPrivateKey(privateKeyPem);
  const { bytes, hash } = encodeDirectory(directoryOf(id), new Uint8Array(16));
  const signer = signerOf(id, certificate, key);
  const epoch = gateway.toString(16).padStart(16, '0');
  const batches = Array.from({ length: count }, (_, n) => {
    const seed = Uint8Array.from({ length: 16 }, () => Math.floor(random() * 256));
    const columns = columnsOf(gateway, n, random);
    const place = { epoch, seq: n + 1, lane: 'live', directory: hash, heldBack: 0, seed } as const;
    return sealBatch({ ...place, content: 'readings', columns }, signer).message;
  });
  return { id, thumbprint: certificate.toString('hex'), directory: bytes, batches };
};

const signerOf = (source: string, certificate: Uint8Array, key: KeyObject): Signer => ({
  source,
  certificate,
  sign: (bytes) => sign('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' }),
});

/** Numbers in [0, 1), the same in each run (Lehmer). */
export const createRandom = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
};
