import { createHash, generateKeyPairSync, verify } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { Decoder } from 'cbor-x';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  hashOfBody,
  openBody,
  parseBatch,
  sealBatch,
  verifyBatch,
  verifySignature,
} from '../../agent/wire/batch.js';
import type { BatchContent } from '../../agent/wire/body.js';
import { batchRoot, encodeBody, packColumns, saltColumns, type PackedColumn } from '../../agent/wire/body.js';
import { encodeCbor } from '../../agent/wire/cbor.js';
import { signCose } from '../../agent/wire/cose.js';
import { WireError } from '../../agent/wire/errors.js';
import { encodeStatement, encodeSummary } from '../../agent/wire/header-codec.js';
import type { BatchHeader } from '../../agent/wire/header.js';
import { columnLeaf, leafSalt, padSecret } from '../../agent/wire/hash-tree.js';
import { MAX_REDUCED_BYTES } from '../../agent/wire/limits.js';
import type { Reading } from '../../agent/wire/readings.js';
import { losses, readingColumns, windowColumns } from './arbitraries.js';
import { draftOf, publicKey, signer } from './signing.js';

const seal = (content: BatchContent): Uint8Array => sealBatch(draftOf(content), signer).message;
const open = (message: Uint8Array) => {
  const parsed = parseBatch(message);
  verifyBatch(parsed, publicKey);
  return openBody(parsed);
};
const codeOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof WireError) return error.code;
    throw error;
  }
  return 'none';
};

const reading = (ordinal: number, more: Partial<Reading> = {}): Reading => ({
  ordinal,
  time: 1_700_000_000_000 + ordinal * 1000,
  value: ordinal / 100,
  flag: 1,
  reason: 'none',
  clock: 'synced',
  uncertaintyMs: 0,
  ...more,
});
const twoPoints: BatchContent = {
  content: 'readings',
  columns: [
    { point: 1, readings: [reading(10), reading(12)] },
    { point: 2, readings: [reading(11), reading(13, { value: null, flag: 9, reason: 'no-answer' })] },
  ],
};

/** Signs what no sealer would: a header, columns and a body that need not agree. */
const forge = (
  content: BatchContent,
  change: Partial<BatchHeader>,
  columns: readonly PackedColumn[] = packColumns(content),
  inflated?: Uint8Array,
): Uint8Array => {
  const { seed } = draftOf(content);
  const { header } = sealBatch(draftOf(content), signer);
  const plain = inflated ?? encodeBody(columns, seed);
  const body = deflateRawSync(plain);
  const forged = { ...header, columns: columns.length, inflatedBytes: plain.length, ...change };
  const summary = encodeSummary(forged);
  const statement = encodeStatement({
    ...forged,
    bodyHash: hashOfBody(summary, body),
    root: batchRoot(saltColumns(columns, seed), summary),
    ...change,
  });
  return encodeCbor([signCose(statement, (bytes) => signer.sign(bytes)), summary, body]);
};

const byteString = (content: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from([0x59, content.length >> 8, content.length & 0xff]), content]);

const sealing = (...readings: Reading[]): string =>
  codeOf(() => seal({ content: 'readings', columns: [{ point: 4, readings }] }));

/** Erases the second of two columns, as `change` sees fit. */
const reduce = (message: Uint8Array, change = (entries: unknown[]): unknown[] => entries): Uint8Array => {
  const [statement, summary]: Uint8Array[] = new Decoder({ mapsAsObjects: false }).decode(message);
  const { seed } = draftOf(twoPoints);
  const [kept, gone] = packColumns(twoPoints);
  if (kept === undefined || gone === undefined) throw new Error('two columns');
  const entries = [
    [kept.point, kept.periodMs, kept.bytes, leafSalt(seed, 1)],
    columnLeaf(leafSalt(seed, 2), gone),
  ];
  const body = encodeCbor(
    new Map<number, unknown>([
      [2, change(entries)],
      [3, [leafSalt(seed, 0), padSecret(seed)]],
    ]),
  );
  return encodeCbor([statement, summary, deflateRawSync(body), body.length]);
};

const opening = (change: (entries: unknown[]) => unknown[]): string =>
  codeOf(() => openBody(parseBatch(reduce(seal(twoPoints), change))));

describe('a batch', () => {
  it('brings readings back as they were', () => {
    fc.assert(
      fc.property(readingColumns, (columns) => {
        const sorted = columns.toSorted((a, b) => a.point - b.point);
        expect(open(seal({ content: 'readings', columns }))).toEqual({
          content: 'readings',
          columns: sorted,
          erased: 0,
        });
      }),
      { numRuns: 300 },
    );
  });

  it('brings windows of every kind back as they were', () => {
    fc.assert(
      fc.property(windowColumns, (columns) => {
        const sorted = columns.toSorted((a, b) => a.point - b.point || a.periodMs - b.periodMs);
        expect(open(seal({ content: 'windows', columns }))).toEqual({
          content: 'windows',
          columns: sorted,
          erased: 0,
        });
      }),
      { numRuns: 300 },
    );
  });

  it('brings loss records back as they were', () => {
    fc.assert(
      fc.property(losses, (list) => {
        expect(open(seal({ content: 'losses', losses: list }))).toEqual({
          content: 'losses',
          losses: list,
          erased: 0,
        });
      }),
      { numRuns: 100 },
    );
  });

  it('states in its header what its body holds', () => {
    const { header, message } = sealBatch(draftOf(twoPoints), signer);
    expect(parseBatch(message).header).toEqual(header);
    expect(header).toMatchObject({
      source: signer.source,
      seq: 7,
      count: 4,
      columns: 2,
      heldBack: 3,
      firstOrdinal: 10,
      lastOrdinal: 13,
      firstTime: 1_700_000_010_000,
      lastTime: 1_700_000_013_000,
    });
  });

  it('is a COSE_Sign1 that needs nothing of ours to verify', () => {
    const decoder = new Decoder({ mapsAsObjects: false });
    const [statement]: Uint8Array[] = decoder.decode(seal(twoPoints));
    const tagged: { tag: number; value: Uint8Array[] } = decoder.decode(statement ?? new Uint8Array());
    const [protectedHeader = new Uint8Array(), , payload = new Uint8Array(), signature = new Uint8Array()] =
      tagged.value;
    expect(tagged.tag).toBe(18);
    expect(Buffer.from(protectedHeader).toString('hex')).toBe('a10126');
    const structure = Buffer.concat([
      Buffer.from('846a5369676e61747572653143a1012640', 'hex'),
      payload.length < 256
        ? Buffer.concat([Buffer.from([0x58, payload.length]), payload])
        : byteString(payload),
    ]);
    expect(verify('sha256', structure, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true);
  });

  it('seals a column of points in any order into the same bytes', () => {
    const [first, second] = twoPoints.columns;
    if (first === undefined || second === undefined) throw new Error('two columns');
    const header = (columns: (typeof first)[]): BatchHeader =>
      sealBatch(draftOf({ content: 'readings', columns }), signer).header;
    expect(header([second, first])).toEqual(header([first, second]));
  });
});

describe('the door to a batch', () => {
  it('refuses another key', () => {
    const { publicKey: other } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    expect(codeOf(() => verifyBatch(parseBatch(seal(twoPoints)), other))).toBe('signature');
  });

  it('refuses another body under a good header, even one that inflates to the same', () => {
    const [statement, summary, body]: Uint8Array[] = new Decoder({ mapsAsObjects: false }).decode(
      seal(twoPoints),
    );
    const again = deflateRawSync(inflateRawSync(body ?? new Uint8Array()), { level: 0 });
    const parsed = parseBatch(encodeCbor([statement, summary, again]));
    expect(codeOf(() => verifySignature(parsed, publicKey))).toBe('none');
    expect(codeOf(() => verifyBatch(parsed, publicKey))).toBe('hash');
  });

  it('refuses a message with any one byte changed', () => {
    const message = seal(twoPoints);
    for (let at = 0; at < message.length; at += 1) {
      const changed = Uint8Array.from(message, (byte, index) => (index === at ? byte ^ 0x10 : byte));
      expect(
        codeOf(() => open(changed)),
        `byte ${at}`,
      ).not.toBe('none');
    }
  });

  it('refuses a message cut anywhere', () => {
    const message = seal(twoPoints);
    for (let at = 0; at < message.length; at += 1) {
      expect(codeOf(() => parseBatch(message.subarray(0, at)))).toBe('malformed');
    }
  });

  it('refuses more than a message may have, before it parses', () => {
    expect(codeOf(() => parseBatch(new Uint8Array(MAX_REDUCED_BYTES + 1)))).toBe('too-large');
  });

  it('never inflates more than the header declares', () => {
    const bomb = new Uint8Array(64 * 1024 * 1024);
    const message = forge(twoPoints, { inflatedBytes: 1000 }, undefined, bomb);
    const before = process.memoryUsage().arrayBuffers;
    expect(codeOf(() => open(message))).toBe('too-large');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 1024 * 1024);
  });

  it('refuses a header that declares more than the limit', () => {
    const bytes = Buffer.from(forge(twoPoints, { inflatedBytes: 0x00700000 })).toString('hex');
    const message = Buffer.from(bytes.replace('0f1a00700000', '0f1a00900000'), 'hex');
    expect(codeOf(() => parseBatch(message))).toBe('malformed');
  });

  it('refuses a body shorter than the header declares', () => {
    expect(codeOf(() => open(forge(twoPoints, { inflatedBytes: 5000 })))).toBe('malformed');
  });

  it.each(['count', 'firstOrdinal', 'lastOrdinal', 'firstTime', 'lastTime'] as const)(
    'refuses a body whose %s is not the header’s',
    (key) => {
      const { header } = sealBatch(draftOf(twoPoints), signer);
      const outward = key.startsWith('first') ? -1 : 1;
      expect(codeOf(() => open(forge(twoPoints, { [key]: header[key] + outward })))).toBe('malformed');
    },
  );

  it('refuses columns that are not those of the signed tree', () => {
    expect(codeOf(() => open(forge(twoPoints, { root: new Uint8Array(32) })))).toBe('hash');
  });

  it('refuses a content that it does not know, by name', () => {
    const { message } = sealBatch(draftOf(twoPoints), signer);
    const at = Buffer.from(message).indexOf(Buffer.from('03070400 0500 06'.replaceAll(' ', ''), 'hex'));
    const changed = Uint8Array.from(message, (byte, index) => (index === at + 5 ? 9 : byte));
    expect(codeOf(() => parseBatch(changed))).toBe('unknown-content');
  });

  it('bounds what a small body can unpack to', () => {
    const column = Uint8Array.from([
      0x80, 0x80, 0x80, 0x80, 0x08, 0, 0, 2, 0, 0, 2, 0, 0, 0, 0, 2, 0, 0, 0, 0,
    ]);
    const columns = [{ point: 1, periodMs: 0, bytes: column }];
    expect(codeOf(() => open(forge(twoPoints, { count: 65_536 }, columns)))).toBe('malformed');
  });

  it('throws nothing but WireError on any bytes, signed or not', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        codeOf(() => parseBatch(bytes));
        codeOf(() => open(forge(twoPoints, {}, undefined, bytes)));
        const columns = [{ point: 1, periodMs: 0, bytes }];
        for (const content of ['readings', 'windows', 'losses'] as const) {
          codeOf(() => open(forge(twoPoints, { content, count: 500 }, columns)));
        }
      }),
      { numRuns: 120 },
    );
  });
});

describe('a sealer', () => {
  it('refuses what the contract cannot carry, and names the point', () => {
    expect(sealing(reading(1, { value: NaN }))).toBe('unencodable');
    expect(sealing(reading(1, { time: 0.5 }))).toBe('unencodable');
    expect(sealing(reading(1, { uncertaintyMs: -1 }))).toBe('unencodable');
    expect(sealing(reading(2), reading(1))).toBe('unencodable');
    expect(sealing()).toBe('unencodable');
    const column = { point: 4, readings: [reading(1, { value: Infinity })] };
    expect(() => seal({ content: 'readings', columns: [column] })).toThrow(/point 4: Infinity/);
    expect(codeOf(() => seal({ content: 'readings', columns: [column, column] }))).toBe('unencodable');
    expect(codeOf(() => seal({ content: 'readings', columns: [] }))).toBe('unencodable');
  });

  it('refuses a batch over the limit of a message', () => {
    const columns = Array.from({ length: 40 }, (_, point) => ({
      point,
      readings: Array.from({ length: 1500 }, (_, index) =>
        reading(index + 1, { value: createHash('sha256').update(`${point}/${index}`).digest('base64') }),
      ),
    }));
    expect(codeOf(() => seal({ content: 'readings', columns }))).toBe('too-large');
  });
});

describe('a batch from which a column was erased', () => {
  it('still verifies, and shows what is left', () => {
    const parsed = parseBatch(reduce(seal(twoPoints)));
    verifySignature(parsed, publicKey);
    expect(openBody(parsed)).toEqual({
      content: 'readings',
      columns: twoPoints.columns.slice(0, 1),
      erased: 1,
    });
    expect(inflateRawSync(parsed.body).includes(Buffer.from(draftOf(twoPoints).seed))).toBe(false);
  });

  it('does not pass the door as a whole batch', () => {
    expect(codeOf(() => verifyBatch(parseBatch(reduce(seal(twoPoints))), publicKey))).toBe('hash');
  });

  it('shows nothing where the leaf, the salt or the column is another', () => {
    expect(opening(([kept]) => [kept, new Uint8Array(32)])).toBe('hash');
    expect(opening(([, gone]) => [gone, gone])).toBe('hash');
    expect(opening(([kept]) => [kept])).toBe('malformed');
  });
});
