import Sqlite from 'better-sqlite3';
import { afterEach, describe, expect, test } from 'vitest';
import { openBuffer } from '../../../agent/buffer/open-buffer.js';
import { BufferFile, claimAll, point, reading, readingsOf, signingKey } from '../../support/buffer.js';

let file: BufferFile | undefined;

afterEach(async () => {
  await file?.remove();
  file = undefined;
});

const start = (): BufferFile => {
  file = new BufferFile(openBuffer);
  return file;
};

describe('a buffer', () => {
  test('that holds batches of one gateway is signed by no other', async () => {
    const opened = start();
    const buffer = await opened.ready([point('a/x')]);
    await buffer.append([reading(1, 0)]);
    await buffer.seal('live', 'due');
    const again = await opened.open({}, false);
    await expect(again.setSigner({ ...signingKey, source: 'gateway000000002' })).rejects.toMatchObject({
      code: 'invalid',
    });
    await again.setSigner(signingKey);
    expect(await claimAll(again)).toHaveLength(1);
  });

  test('quarantines a batch whose bytes are damaged, and gives out the others', async () => {
    const opened = start();
    const buffer = await opened.ready([point('a/x')]);
    for (const at of [0, 10_000]) {
      await buffer.append([reading(1, at)]);
      await buffer.seal('live', 'due');
    }
    await buffer.close();
    const database = new Sqlite(opened.path);
    database.prepare('UPDATE batch SET message = ? WHERE id = 1').run(Buffer.from([1, 2, 3]));
    database.close();
    const again = await opened.open();
    expect((await claimAll(again)).map(({ seq }) => seq)).toEqual([2]);
    expect(await again.state()).toMatchObject({ quarantinedBatches: 1, unackedBatches: 1 });
  });

  test('seals long texts in as many batches as they need', async () => {
    const buffer = await start().ready([point('a/x', { kind: 'text', valueType: 'text' })]);
    let seed = 1;
    const text = (): string =>
      Array.from({ length: 250 }, () => {
        seed = (seed * 48_271) % 2_147_483_647;
        return String.fromCharCode(33 + (seed % 90));
      }).join('');
    const readings = Array.from({ length: 6000 }, (_, index) => reading(1, index * 10, { value: text() }));
    await buffer.append(readings);
    while ((await buffer.seal('live', 'due')) > 0);
    const sealed = (await claimAll(buffer)).flatMap((batch) => readingsOf(batch));
    expect(sealed).toHaveLength(readings.length);
  });
});
