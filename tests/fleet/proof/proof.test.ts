import { X509Certificate } from 'node:crypto';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { aggregateReadings } from '../../../agent/wire/aggregate/aggregate-readings.js';
import type { BatchContent } from '../../../agent/wire/body.js';
import { ProofError } from '../../../fleet/proof/errors.js';
import { decodeProof, encodeProof, type ProofFile } from '../../../fleet/proof/proof-file.js';
import { RECEIPT_SIGNER, receiptSignerOf, signReceipt } from '../../../fleet/proof/receipt.js';
import { renderVerdict, verdictJson } from '../../../fleet/proof/render-verdict.js';
import { verifyProof } from '../../../fleet/proof/verify-proof.js';
import { openAuthority } from '../../../fleet/registry/authority/authority.js';
import { judgedElsewhere } from '../../support/foreign-cose.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { ALL, directoryOf, everything, point, reading, T0 } from '../projections/fleet-of-views.js';
import { openProofScene, SIGNING_GATEWAY, type ProofScene } from './proof-scene.js';

let scene: ProofScene;
beforeEach(async () => {
  scene = await openProofScene();
});
afterEach(async () => scene.fleet.close());

const own = [reading(2, T0, 41.5), reading(5, T0 + 10_000, 42.25, { flag: 3, reason: 'range' })];

/** Our point as number 3, among neighbours. */
const batchOf = (
  ...neighbours: { point: number; readings: ReturnType<typeof reading>[] }[]
): BatchContent => ({
  content: 'readings',
  columns: [...neighbours, { point: 3, readings: own }],
});
const listing = (...neighbours: ReturnType<typeof point>[]) =>
  directoryOf(...neighbours, point(3, { name: 'Power', tests: { min: 0, max: 100 } }));

const proofAt = async (at: number): Promise<Uint8Array> =>
  scene.prover.reading({ scope: ALL, pointId: await scene.pointId('p3'), at });

const codeOf = (file: Uint8Array, root = scene.root): string => {
  try {
    verifyProof(file, root);
  } catch (error) {
    if (error instanceof ProofError) return error.code;
    throw error;
  }
  return 'holds';
};

describe('a proof of a reading', () => {
  test('holds under the root alone, and leads to everything that made the reading', async () => {
    await scene.send(listing(point(1)), batchOf({ point: 1, readings: [reading(1, T0, 7)] }));
    const verdict = verifyProof(await proofAt(T0 + 12_000), scene.root);
    expect(verdict.proven).toMatchObject({
      type: 'reading',
      reading: { value: 42.25, time: T0 + 10_000, flag: 3, reason: 'range', clock: 'synced', ordinal: 5 },
      column: {
        point: { name: 'Power', unit: 'W', tests: { min: 0, max: 100 } },
        device: { profileHash: 'h' },
        statement: { source: SIGNING_GATEWAY, seq: 1 },
        receivedAt: T0 + 3_600_001,
      },
    });
    expect(renderVerdict(verdict)).toMatch(
      /^it holds[\s\S]*42\.25 W[\s\S]*flag 3, range[\s\S]*max 100, min 0/,
    );
    expect(JSON.parse(verdictJson(verdict))).toMatchObject({
      holds: true,
      proven: { value: 42.25, unit: 'W', time: new Date(T0 + 10_000).toISOString() },
    });
  });

  test('carries a header that a COSE library of others verifies', async () => {
    await scene.send(listing(), batchOf());
    const [column] = decodeProof(await proofAt(T0)).columns;
    const [leaf] = decodeProof(await proofAt(T0)).certificates;
    const { raw } = new X509Certificate(leaf ?? '');
    const statement = column?.statement ?? new Uint8Array();
    expect(await judgedElsewhere(statement, raw)).toBe('verified');
    const forged = Uint8Array.from(statement, (byte, index) => (index === 40 ? byte ^ 1 : byte));
    expect(await judgedElsewhere(forged, raw)).toMatch(/verification failed/);
  });

  test('is not for what the caller may not read raw: it answers as what does not exist', async () => {
    await scene.send(listing(), batchOf());
    const pointId = await scene.pointId('p3');
    const ask = (scope: typeof ALL, id = pointId, at = T0 + 20_000) =>
      scene.prover.reading({ scope, pointId: id, at });
    const absent = expect.objectContaining({ code: 'not-found' });
    const grant = ALL.grants[0];
    if (grant === undefined) throw new Error('a grant');
    const unknown = () => ask(ALL, 'nosuchpoint');
    await expect(unknown()).rejects.toThrow(absent);
    await expect(ask(everything('elsewhere'))).rejects.toThrow(absent);
    await expect(ask({ ...ALL, grants: [{ ...grant, finestMs: 60_000 }] })).rejects.toThrow(absent);
    // the column shows a reading before the period that is given
    await expect(ask({ ...ALL, grants: [{ ...grant, from: T0 + 5_000 }] })).rejects.toThrow(absent);
    await expect(ask(ALL, pointId, T0 - 1)).rejects.toThrow(absent);
    const given = await ask({ ...ALL, grants: [{ ...grant, from: T0, to: T0 + 10_001 }] });
    expect(given.length).toBeGreaterThan(0);
  });

  test('is refused under another root, and with certificates of no use at that time', async () => {
    await scene.send(listing(), batchOf());
    const other = await openAuthority(temporaryFolder(), { now: () => T0 });
    expect(codeOf(await proofAt(T0), new X509Certificate(other.rootPem))).toBe('chain');
    await scene.send(listing(), {
      content: 'readings',
      columns: [{ point: 3, readings: [reading(9, T0 + 100 * 86_400_000, 1)] }],
    });
    expect(codeOf(await proofAt(T0 + 101 * 86_400_000))).toBe('validity');
  });

  test('is refused with any byte changed', async () => {
    await scene.send(listing(point(1)), batchOf({ point: 1, readings: [reading(1, T0, 7)] }));
    const file = await proofAt(T0);
    // coprime to the lengths of all parts, so that each part meets it
    for (let at = 3; at < file.length; at += 17) {
      const changed = Uint8Array.from(file, (byte, index) => (index === at ? byte ^ (1 << (at % 8)) : byte));
      expect(codeOf(changed), `byte ${at}`).not.toBe('holds');
    }
    expect(codeOf(file)).toBe('holds');
  });
});

/** A proof with one part of its only column replaced. */
const altered = async (change: (proof: ProofFile) => Partial<ProofFile>): Promise<string> => {
  const proof = decodeProof(await proofAt(T0));
  return codeOf(encodeProof({ ...proof, ...change(proof) }));
};
const alteredColumn = (change: (column: ProofFile['columns'][number]) => object): Promise<string> =>
  altered(({ columns }) => ({ columns: columns.map((column) => ({ ...column, ...change(column) })) }));
const bent = (bytes: Uint8Array, at = bytes.length - 1): Uint8Array =>
  Uint8Array.from(bytes, (byte, index) => (index === at ? byte ^ 1 : byte));

describe('a proof that was tampered with', () => {
  test('says precisely what does not hold', async () => {
    await scene.send(listing(), batchOf());
    expect(await alteredColumn(({ bytes }) => ({ bytes: bent(bytes) }))).toBe('column');
    expect(await alteredColumn(({ salt }) => ({ salt: bent(salt) }))).toBe('column');
    expect(await alteredColumn(({ path }) => ({ path: bent(path) }))).toBe('column');
    expect(await alteredColumn(() => ({ point: 4 }))).toBe('column');
    expect(await alteredColumn(({ statement }) => ({ statement: bent(statement) }))).toBe('signature');
    const point = await alteredColumn(({ describedPoint: shown }) => ({
      describedPoint: { ...shown, bytes: bent(shown.bytes, 20) },
    }));
    expect(point).toBe('directory');
    expect(
      await alteredColumn(({ describedDevice: shown }) => ({
        describedDevice: { ...shown, salt: bent(shown.salt) },
      })),
    ).toBe('directory');
    expect(await altered(({ certificates }) => ({ certificates: certificates.slice(1) }))).toBe('chain');
    expect(await altered(({ certificates }) => ({ certificates: certificates.toReversed() }))).toBe(
      'receipt',
    );
    expect(await altered(({ receipt }) => ({ receipt: bent(receipt) }))).toBe('signature');
    expect(await altered(() => ({ columns: [] }))).toBe('malformed');
  });

  test('is refused where the receipt is another proof’s', async () => {
    await scene.send(listing(), batchOf());
    const elsewhere = decodeProof(await proofAt(T0 + 10_000)).receipt;
    expect(await altered(() => ({ receipt: elsewhere }))).toBe('holds');
    await scene.send(listing(), {
      content: 'readings',
      columns: [{ point: 3, readings: [reading(9, T0 + 20_000, 1)] }],
    });
    const later = decodeProof(await proofAt(T0 + 20_000)).receipt;
    expect(await altered(() => ({ receipt: later }))).toBe('receipt');
  });

  test('is refused whatever the bytes, with nothing but its own errors', async () => {
    await scene.send(listing(), batchOf());
    const file = await proofAt(T0);
    const cut = fc.nat(file.length - 1).map((at) => file.subarray(0, at));
    const spliced = fc
      .tuple(fc.nat(file.length - 1), fc.uint8Array({ minLength: 1, maxLength: 40 }))
      .map(([at, bytes]) => Buffer.concat([file.subarray(0, at), bytes, file.subarray(at)]));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), cut, spliced), (bytes) => {
        expect(codeOf(bytes)).not.toBe('holds');
      }),
      { numRuns: 150 },
    );
    expect(codeOf(new Uint8Array(16 * 1024 * 1024 + 1))).toBe('malformed');
  });
});

/** Everything in a proof but hashes and signatures; those by their length. */
const shapeOf = (file: Uint8Array): unknown => {
  const { certificates, columns, receipt } = decodeProof(file);
  return {
    size: file.length,
    certificates,
    receipt: receipt.length,
    columns: columns.map(({ statement, path, salt, describedPoint, describedDevice, ...column }) => ({
      ...column,
      statement: statement.length,
      path: path.length,
      salt: salt.length,
      described: [describedPoint.bytes, describedDevice.bytes],
      paths: [describedPoint.path.length, describedDevice.path.length],
    })),
  };
};

describe('what a proof tells of neighbours', () => {
  test('is nothing: neither their names, nor their values, nor how many they are', async () => {
    await scene.send(listing(), batchOf());
    const alone = shapeOf(await proofAt(T0));
    let epoch = 0x1000000000000000n;
    const neighbours = fc.array(
      fc.record({
        name: fc.string({ maxLength: 30 }),
        value: fc.double({ noNaN: true, noDefaultInfinity: true }),
        unit: fc.constantFrom('W', 'Cel', 'm3'),
      }),
      { minLength: 1, maxLength: 20 },
    );
    await fc.assert(
      fc.asyncProperty(neighbours, async (list) => {
        epoch += 1n;
        const points = list.map(({ name, unit }, index) =>
          point(index + 10, { key: `n${index}`, name: `Secret ${name}`, unit }),
        );
        const columns = list.map(({ value }, index) => ({
          point: index + 10,
          readings: [reading(100 + index, T0 + 77_777, value)],
        }));
        await scene.send(listing(...points), batchOf(...columns), { epoch: epoch.toString(16) });
        const file = await proofAt(T0);
        expect(shapeOf(file)).toEqual(alone);
        expect(Buffer.from(file).includes('Secret')).toBe(false);
      }),
      { numRuns: 12 },
    );
  });
});

const proveMinute = async (at: number): Promise<Uint8Array> =>
  scene.prover.window({ scope: ALL, pointId: await scene.pointId('p3'), at, resolution: '1m' });

describe('a proof of a window', () => {
  const MINUTE = 60_000;
  const every10s = Array.from({ length: 12 }, (_, index) => reading(index + 1, T0 + index * 10_000, index));
  const minuteFrom = (start: number, max: number, revision = 0): BatchContent => {
    const readings = every10s.filter(({ time }) => time >= start && time < start + MINUTE);
    const before = every10s.findLast(({ time }) => time < start);
    const { intervalMs, maxHoldMs, kind } = point(3);
    const aggregate = aggregateReadings({
      kind,
      start,
      end: start + MINUTE,
      readings,
      intervalMs,
      maxHoldMs,
      ...(before === undefined ? {} : { before }),
    });
    const window = { ordinal: 50 + revision, start, revision, aggregate: { ...aggregate, max } };
    return { content: 'windows', columns: [{ point: 3, periodMs: MINUTE, windows: [window] }] };
  };
  const raw: BatchContent = { content: 'readings', columns: [{ point: 3, readings: every10s }] };
  const windowed = () => directoryOf(point(3, { windows: [MINUTE] }));
  test('is made again from the readings that it came from, and is what the gateway signed', async () => {
    await scene.send(windowed(), raw);
    await scene.send(windowed(), minuteFrom(T0 + MINUTE, 11));
    const verdict = verifyProof(await proveMinute(T0 + 90_000), scene.root);
    expect(verdict.proven).toMatchObject({ type: 'window', by: 'readings', asSent: true });
    expect(verdict.proven).toMatchObject({ aggregate: { count: 6, max: 11 } });
    expect(renderVerdict(verdict)).toMatch(/8\.5 W[\s\S]*6 of 6[\s\S]*same as the gateway signed/);
  });

  test('is made from readings alone where the gateway sent no window', async () => {
    await scene.send(directoryOf(point(3)), raw);
    const verdict = verifyProof(await proveMinute(T0), scene.root);
    expect(verdict.proven).toMatchObject({ by: 'readings', asSent: false, aggregate: { count: 6, min: 0 } });
  });

  test('is the gateway’s word where the readings were not sent, or are not all here', async () => {
    await scene.send(windowed(), minuteFrom(T0, 5));
    expect(verifyProof(await proveMinute(T0), scene.root).proven).toMatchObject({
      by: 'gateway',
      asSent: true,
    });
    await scene.send(windowed(), {
      content: 'readings',
      columns: [{ point: 3, readings: every10s.slice(0, 3) }],
    });
    expect(verifyProof(await proveMinute(T0), scene.root).proven).toMatchObject({ by: 'gateway' });
    expect(renderVerdict(verifyProof(await proveMinute(T0), scene.root))).toMatch(/the gateway's word/);
  });

  test('is refused where the readings shown do not make it', async () => {
    await scene.send(windowed(), raw);
    await scene.send(windowed(), minuteFrom(T0 + MINUTE, 11));
    const good = decodeProof(await proveMinute(T0 + MINUTE));
    await scene.send(windowed(), minuteFrom(T0 + MINUTE, 99, 1));
    const bad = decodeProof(await proveMinute(T0 + MINUTE));
    expect(bad.columns).toHaveLength(1);
    const signer = receiptSignerOf(await scene.authority.issueDocumentSigner({ name: RECEIPT_SIGNER }));
    const contents = {
      format: good.format,
      certificates: [...good.certificates, signer.certificate],
      columns: [...bad.columns, ...good.columns.slice(1)],
    };
    const said = { pointId: 'p', issuedAt: T0, time: T0 + MINUTE, periodMs: MINUTE, receivedAt: [T0, T0] };
    expect(codeOf(encodeProof({ ...contents, receipt: signReceipt(said, contents, signer) }))).toBe('window');
  });
});
