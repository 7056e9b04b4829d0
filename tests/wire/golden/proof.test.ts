import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { decodeProof, encodeProof } from '../../../fleet/proof/proof-file.js';
import { verifyProof } from '../../../fleet/proof/verify-proof.js';
import { judgedElsewhere } from '../../support/foreign-cose.js';
import { runProgram } from '../../support/program.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const fileOf = (name: string): URL => new URL(`1/${name}`, import.meta.url);
const rootFile = fileURLToPath(fileOf('proof-root.pem'));
const root = new X509Certificate(readFileSync(rootFile));
const golden = (name: string): Uint8Array =>
  Uint8Array.from(Buffer.from(readFileSync(fileOf(`${name}.hex`), 'utf8').replace(/\s/g, ''), 'hex'));

const START = Date.UTC(2026, 2, 10, 10);
const DESCRIBED = {
  point: { key: 'p3', name: 'Power', unit: 'W', kind: 'gauge', tests: { min: 0, max: 100 } },
  device: { key: 'meter', profileHash: 'h' },
  statement: { source: 'gateway000000000007', epoch: '00112233445566ff' },
};

const PROVEN = {
  'proof-reading': {
    type: 'reading',
    reading: { value: 44.25, time: START + 110_000, flag: 3, reason: 'range', clock: 'synced', ordinal: 23 },
  },
  'proof-window': {
    type: 'window',
    by: 'readings',
    asSent: true,
    aggregate: { count: 6, min: 43, max: 44.25 },
  },
  'proof-window-of-gateway': {
    type: 'window',
    by: 'gateway',
    asSent: true,
    aggregate: { count: 6, min: 41.5, max: 42.75 },
  },
} as const;
const NAMES = ['proof-reading', 'proof-window', 'proof-window-of-gateway'] as const;

it.each(NAMES)('%s holds under its root, for ever, and is written as it was', (name) => {
  const file = golden(name);
  const verdict = verifyProof(file, root);
  expect(verdict.proven).toMatchObject({ ...PROVEN[name], column: DESCRIBED });
  expect(Buffer.from(encodeProof(decodeProof(file))).equals(file)).toBe(true);
});

it.each(NAMES)('%s has headers that a COSE library of others verifies', async (name) => {
  const { columns, certificates } = decodeProof(golden(name));
  const [leaf] = certificates;
  const { raw, subject } = new X509Certificate(leaf ?? '');
  expect(subject).toBe('CN=gateway000000000007');
  expect(columns.length).toBeGreaterThan(0);
  for (const { statement } of columns) {
    expect(await judgedElsewhere(statement, raw)).toBe('verified');
    const forged = Uint8Array.from(statement, (byte, index) => (index === 40 ? byte ^ 1 : byte));
    expect(await judgedElsewhere(forged, raw)).toMatch(/verification failed/);
  }
});

it('is checked by a stranger with the program and the root alone', async () => {
  const folder = temporaryFolder();
  const check = async (name: string, file: Uint8Array) => {
    writeFileSync(join(folder, name), file);
    return runProgram('fleet', 'verify', join(folder, name), '--root', rootFile, '--json');
  };
  const file = golden('proof-reading');
  const bent = Uint8Array.from(file, (byte, index) => (index === 900 ? byte ^ 1 : byte));
  const [good, bad] = await Promise.all([check('reading.proof', file), check('bent.proof', bent)]);
  expect([good.code, bad.code]).toEqual([0, 1]);
  expect(JSON.parse(good.stdout)).toMatchObject({ holds: true, proven: { value: 44.25, unit: 'W' } });
  expect(JSON.parse(bad.stdout)).toMatchObject({ holds: false });
});
