import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { encodeCbor } from '../../../agent/wire/cbor.js';
import { signCose } from '../../../agent/wire/cose.js';
import { sealBatch, type Signer } from '../../../agent/wire/batch.js';
import { encodeDirectory } from '../../../agent/wire/directory-codec.js';
import type { Ack } from '../../../agent/wire/messages.js';
import { createAppender } from '../../../fleet/log/appender.js';
import { createDoor } from '../../../fleet/log/door.js';
import { openLogReader } from '../../../fleet/store/sqlite/log-reader.js';
import { openLogWriter } from '../../../fleet/store/sqlite/log-writer.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { draftOf, publicKey, signer } from '../../wire/signing.js';

const SOURCE = signer.source;
const EPOCH = '0123456789abcdef';

const sealed = (seq: number, by: Signer = signer): Uint8Array => {
  const reading = {
    ordinal: seq,
    time: 1_700_000_000_000 + seq,
    value: 20.5,
    flag: 1,
    reason: 'none',
    clock: 'synced',
    uncertaintyMs: 0,
  } as const;
  const draft = draftOf({ content: 'readings', columns: [{ point: 1, readings: [reading] }] });
  return sealBatch({ ...draft, seq }, by).message;
};

const openDoor = () => {
  const path = join(temporaryFolder(), 'log.db');
  const writer = openLogWriter(path);
  const acks: Ack[] = [];
  const named: string[] = [];
  const thumbprint = Buffer.from(signer.certificate).toString('hex');
  const door = createDoor({
    appender: createAppender(writer, 256),
    publicKey: (gatewayId, asked) => (gatewayId === SOURCE && asked === thumbprint ? publicKey : undefined),
    acknowledge: (_gatewayId, ack) => acks.push(ack),
    outcome: () => undefined,
    stored: (_gatewayId, _epoch, directory) => named.push(Buffer.from(directory).toString('hex')),
  });
  const entries = async () => {
    const reader = openLogReader(path);
    const found = await reader.read(0, 1000, 10_000_000);
    await reader.close();
    return found;
  };
  const keptApart = async () => {
    const reader = openLogReader(path);
    const found = await reader.keptApart(undefined, 10);
    await reader.close();
    return found;
  };
  return { door, acks, entries, keptApart, writer };
};

describe('the door', () => {
  test('stores a batch as it came, and acks it after the commit', async () => {
    const { door, acks, entries } = openDoor();
    const message = sealed(1);
    await door.batch(SOURCE, message, 5);
    expect(acks).toMatchObject([{ stored: [[1, 1]], quarantined: [] }]);
    expect((await entries()).map((entry) => Buffer.from(entry.message).equals(message))).toEqual([true]);
  });

  test('acks a batch sent again without storing it again', async () => {
    const { door, acks, entries } = openDoor();
    const message = sealed(1);
    await door.batch(SOURCE, message, 5);
    await door.batch(SOURCE, message, 6);
    expect(acks.map(({ stored }) => stored)).toEqual([[[1, 1]], [[1, 1]]]);
    expect(await entries()).toHaveLength(1);
  });

  test('quarantines what is not signed by a certificate of this gateway, and acks it as such', async () => {
    const { door, acks, entries } = openDoor();
    const forged = sealed(3, { ...signer, certificate: new Uint8Array(32) });
    await door.batch(SOURCE, forged, 5);
    expect(acks[0]?.stored).toEqual([]);
    expect(acks[0]?.quarantined).toMatchObject([{ seq: 3 }]);
    expect(await entries()).toEqual([]);
  });

  test('quarantines a batch of which one bit changed on the way', async () => {
    const { door, acks, entries } = openDoor();
    const message = sealed(1);
    const last = message.length - 1;
    message[last] = (message[last] ?? 0) ^ 1;
    await door.batch(SOURCE, message, 5);
    expect(acks[0]?.quarantined).toMatchObject([{ seq: 1 }]);
    expect(await entries()).toEqual([]);
  });

  test('keeps a batch of another source apart, under the gateway that sent it', async () => {
    const { door, acks, entries, keptApart } = openDoor();
    await door.batch('gateway0000000009', sealed(1), 5);
    expect(acks[0]?.quarantined).toMatchObject([{ seq: 1, reason: expect.stringContaining(SOURCE) }]);
    expect(await entries()).toEqual([]);
    expect(await keptApart()).toMatchObject([{ source: 'gateway0000000009', seq: 1 }]);
  });

  test('acks a batch whose header does not parse by its number, where that can be told', async () => {
    const { door, acks, keptApart } = openDoor();
    const header = new Map<number, unknown>([
      [2, Buffer.from(EPOCH, 'hex')],
      [3, 4],
    ]);
    const poison = encodeCbor([signCose(encodeCbor(header), () => new Uint8Array(64)), new Uint8Array(1)]);
    await door.batch(SOURCE, poison, 5);
    expect(acks).toMatchObject([{ epoch: EPOCH, stored: [], quarantined: [{ seq: 4 }] }]);
    expect(await keptApart()).toMatchObject([{ epoch: EPOCH, seq: 4 }]);
  });

  test('answers bytes that are no batch by their hash, so that they are not sent for ever', async () => {
    const { door, acks, keptApart } = openDoor();
    const noise = new Uint8Array([1, 2, 3]);
    await door.batch(SOURCE, noise, 5);
    const hash = createHash('sha256').update(noise).digest();
    expect(acks).toMatchObject([{ stored: [], quarantined: [], unreadable: [{ kept: true }] }]);
    expect(Buffer.from(acks[0]?.unreadable?.[0]?.hash ?? []).equals(hash)).toBe(true);
    expect(await keptApart()).toHaveLength(1);
  });

  test('postpones what it has no room to keep, and never calls it kept', async () => {
    const { door, acks, writer } = openDoor();
    const full = Array.from({ length: 1000 }, (_, index) => ({
      type: 'unreadable' as const,
      source: SOURCE,
      hash: createHash('sha256').update(String(index)).digest(),
      receivedAt: 1,
      message: new Uint8Array([1]),
      refused: 'no',
    }));
    await writer.append(full);
    await door.batch(SOURCE, sealed(3, { ...signer, certificate: new Uint8Array(32) }), 5);
    await door.batch(SOURCE, new Uint8Array([1, 2, 3]), 5);
    expect(acks).toMatchObject([
      { stored: [], quarantined: [], postponed: [{ seq: 3 }] },
      { stored: [], quarantined: [], unreadable: [{ kept: false }] },
    ]);
  });

  test('refuses a directory that is none', async () => {
    const { door } = openDoor();
    await expect(door.directory(SOURCE, new Uint8Array([1, 2]), 5)).rejects.toMatchObject({
      code: 'malformed',
    });
  });

  test('stores a directory under its hash and acks that', async () => {
    const { door, acks, entries } = openDoor();
    const { bytes, hash } = encodeDirectory(
      { configuration: '00', devices: [], points: [] },
      new Uint8Array(16),
    );
    await door.directory(SOURCE, bytes, 5);
    expect(acks[0]?.directories.map((acked) => Buffer.from(acked).toString('hex'))).toEqual([
      Buffer.from(hash).toString('hex'),
    ]);
    expect(await entries()).toMatchObject([{ type: 'directory', source: SOURCE }]);
  });
});
