import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { decodeMessage, encodeMessage } from '../../../agent/wire/message-codec.js';
import type { Hello, Resend, SeqRange, Welcome } from '../../../agent/wire/messages.js';
import { createReception } from '../../../fleet/operations/reception.js';
import type { LogItem } from '../../../fleet/store/log-store.js';
import { recallCommandOf } from '../../../fleet/operations/recall.js';
import { newId } from '../../../fleet/registry/new-id.js';
import { openDatabase } from '../../../fleet/store/sqlite/database.js';
import { openRegistryStore } from '../../../fleet/store/sqlite/registry-store.js';
import { openLogWriter } from '../../../fleet/store/sqlite/log-writer.js';
import { addGateway } from '../projections/fleet-of-views.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const GATEWAY = 'gateway000000000001';
const EPOCH = '0123456789abcdef';
const NOW = 1_800_000_000_000;

const batch = (seq: number, refused?: string): LogItem => ({
  type: 'batch',
  source: GATEWAY,
  epoch: EPOCH,
  seq,
  hash: new Uint8Array(32).fill(seq),
  receivedAt: NOW,
  message: new Uint8Array([seq]),
  ...(refused === undefined ? {} : { refused }),
});

const hello = (parts: Partial<Hello> = {}): Uint8Array =>
  encodeMessage('hello', {
    epoch: EPOCH,
    firstUnacked: 1,
    lastSealed: 0,
    lastOrdinal: 0,
    directory: new Uint8Array(32),
    configVersion: '0',
    agentVersion: '0.1.0',
    clock: 'synced',
    time: NOW,
    ...parts,
  });

const openReception = (items: readonly LogItem[], lost: readonly SeqRange[] = []) => {
  const folder = temporaryFolder();
  const log = openLogWriter(join(folder, 'log.db'));
  const registry = openRegistryStore(join(folder, 'registry.db'), { newId });
  registry.addOrganisation({
    id: 'org',
    parentId: null,
    name: 'Commune',
    type: 'municipality',
    code: null,
    timeZone: 'Europe/Paris',
  });
  addGateway(registry, GATEWAY, 'org');
  const events = (): string[] => {
    const database = openDatabase(join(folder, 'registry.db'), { readonly: true });
    const rows = database.prepare<[], { kind: string }>('select kind from event order by rowid').all();
    database.close();
    return rows.map(({ kind }) => kind);
  };
  onTestFinished(async () => {
    registry.close();
    await log.close();
  });
  const welcomes: Welcome[] = [];
  const resends: Resend[] = [];
  const reception = createReception({
    log,
    registry,
    declaredLost: async () => lost,
    publish: async (_gatewayId, kind, payload) => {
      if (kind === 'welcome') welcomes.push(decodeMessage(kind, payload));
      else resends.push(decodeMessage(kind, payload));
    },
    now: () => NOW,
    note: () => undefined,
  });
  return { reception, registry, events, welcomes, resends, ready: log.append(items) };
};

describe('the answer to a hello', () => {
  test('tells the time, and calls nothing acked: what is stored may be another card’s', async () => {
    const { reception, welcomes, ready } = openReception([batch(1), batch(2)]);
    await ready;
    await reception.hello(GATEWAY, hello({ firstUnacked: 1, lastSealed: 2 }));
    expect(welcomes).toEqual([{ time: NOW, resend: [], directories: [expect.anything()], commands: [] }]);
  });

  test('does not ask for what was refused, or declared lost', async () => {
    const { reception, welcomes, ready } = openReception([batch(1), batch(3, 'forged')], [[4, 5]]);
    await ready;
    await reception.hello(GATEWAY, hello({ firstUnacked: 8, lastSealed: 8 }));
    expect(welcomes[0]?.resend).toEqual([
      [2, 2],
      [6, 7],
    ]);
  });

  test('brings commands that wait, until they have a result', async () => {
    const { reception, registry, welcomes } = openReception([]);
    const made = { id: 'c1', at: NOW, by: 'p' };
    registry.addCommand(recallCommandOf({ gatewayId: GATEWAY, from: 1, to: 2, points: ['a/b'] }, made));
    await reception.hello(GATEWAY, hello());
    reception.result(GATEWAY, encodeMessage('result', { id: 'c1', outcome: 'done', detail: 'x' }));
    await reception.hello(GATEWAY, hello());
    expect(welcomes.map(({ commands }) => commands.length)).toEqual([1, 0]);
    expect(welcomes[0]?.commands[0]).toMatchObject({
      name: 'recall',
      arguments: { from: 1, to: 2, points: 'a/b' },
    });
  });

  test('asks again for what was acked once and is here no more', async () => {
    const { reception, welcomes, ready } = openReception([batch(1), batch(4)]);
    await ready;
    await reception.hello(GATEWAY, hello({ firstUnacked: 6, lastSealed: 7 }));
    expect(welcomes[0]?.resend).toEqual([
      [2, 3],
      [5, 5],
    ]);
  });

  test('asks for it also of epochs that the gateway saved from a file that it set aside', async () => {
    const { reception, resends, events, ready } = openReception([batch(1), batch(4)]);
    await ready;
    const other = 'fedcba9876543210';
    const earlier = [
      { epoch: EPOCH, firstUnacked: 6 },
      { epoch: 'aaaaaaaaaaaaaaaa', firstUnacked: 1 },
    ];
    await reception.hello(GATEWAY, hello({ epoch: other, earlier }));
    expect(resends).toEqual([
      {
        epoch: EPOCH,
        batches: [
          [2, 3],
          [5, 5],
        ],
        directories: [],
      },
    ]);
    expect(events()).toContain('resend');
  });

  test('asks for a directory that it does not know, and only then', async () => {
    const directory = new Uint8Array(32).fill(7);
    const { reception, welcomes, ready } = openReception([
      { type: 'directory', source: GATEWAY, hash: directory, receivedAt: NOW, message: new Uint8Array([1]) },
    ]);
    await ready;
    await reception.hello(GATEWAY, hello({ directory }));
    await reception.hello(GATEWAY, hello({ directory: new Uint8Array(32).fill(8) }));
    expect(welcomes.map(({ directories }) => directories.length)).toEqual([0, 1]);
  });

  test('a malformed hello is refused and notes nothing', async () => {
    const { reception, registry } = openReception([]);
    await expect(reception.hello(GATEWAY, new Uint8Array([0xa0]))).rejects.toMatchObject({
      code: 'malformed',
    });
    expect(registry.gateway(GATEWAY)?.epoch).toBeNull();
  });

  test('what a gateway says of its last error is kept, cut to a length', () => {
    const { reception, registry } = openReception([]);
    const health = {
      time: NOW,
      uptimeS: 1,
      rssBytes: 1,
      buffer: { bytes: 1, unsealed: 0, unackedBatches: 0, quarantined: 0 },
      buses: [],
      lastError: 'x'.repeat(250),
    };
    reception.health(GATEWAY, encodeMessage('health', health));
    expect(registry.gateway(GATEWAY)?.lastError).toBe('x'.repeat(250));
  });
});

const say = async (hellos: readonly Partial<Hello>[], items: readonly LogItem[] = []) => {
  const { reception, events, ready } = openReception(items);
  await ready;
  for (const parts of hellos) await reception.hello(GATEWAY, hello(parts));
  return events();
};

describe('what a hello gives away of its card', () => {
  const other = 'fedcba9876543210';
  test('nothing, while its epoch only goes on', async () => {
    const going = [{}, { lastSealed: 3, lastOrdinal: 9 }, { lastSealed: 3, lastOrdinal: 9 }];
    expect(await say(going)).toEqual([]);
  });

  test('a buffer that began anew is noted', async () => {
    expect(await say([{ lastSealed: 3 }, { epoch: other }])).toEqual(['new-epoch']);
  });

  test('two epochs that take turns are two cards', async () => {
    expect(await say([{ lastSealed: 3 }, { epoch: other }, { lastSealed: 3 }])).toEqual([
      'new-epoch',
      'epoch-returned',
    ]);
  });

  test('a card that has sealed less than it once said is an older copy', async () => {
    const back = [
      { lastSealed: 9, lastOrdinal: 90 },
      { lastSealed: 4, lastOrdinal: 40 },
      { lastSealed: 5, lastOrdinal: 50 },
    ];
    expect(await say(back)).toEqual(['sequence-backwards', 'sequence-backwards']);
  });

  test('an older copy is told to begin a new epoch, and why; whoever goes on is not', async () => {
    const { reception, welcomes } = openReception([]);
    await reception.hello(GATEWAY, hello({ lastSealed: 9, lastOrdinal: 90 }));
    await reception.hello(GATEWAY, hello({ lastSealed: 4, lastOrdinal: 40 }));
    await reception.hello(GATEWAY, hello({ epoch: other, lastSealed: 1, lastOrdinal: 4 }));
    expect(welcomes.map(({ renew }) => renew)).toEqual([
      undefined,
      expect.stringMatching(/went back to batch 4, ordinal 40.*an older copy/),
      undefined,
    ]);
  });

  test('so is one that has sealed less than is stored here', async () => {
    expect(await say([{ lastSealed: 4, lastOrdinal: 40 }], [batch(5)])).toEqual(['sequence-backwards']);
  });
});
