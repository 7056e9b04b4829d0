import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openCommandRecord } from '../../../agent/commands/command-record.js';
import type { CommandHandler } from '../../../agent/commands/command-handler.js';
import { createCommands } from '../../../agent/commands/commands.js';
import { createRecall } from '../../../agent/commands/recall.js';
import type { RecalledPeriod } from '../../../agent/buffer/buffer.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const NOW = 1_800_000_000_000;
const signal = new AbortController().signal;

const open = (folder: string, handler: CommandHandler, now: number | undefined = NOW) => {
  const handlers = new Map([['work', handler]]);
  return createCommands({ record: openCommandRecord(folder), handlers, now: () => now, timeoutMs: 60_000 });
};

const command = (id: string, more: { name?: string; expires?: number } = {}) => ({
  id,
  name: 'work',
  expires: NOW + 1,
  arguments: {},
  ...more,
});

const never: CommandHandler = () => new Promise(() => undefined);

describe('a command', () => {
  it('is answered from the record after a restart, not run again', async () => {
    const folder = temporaryFolder();
    let runs = 0;
    const work: CommandHandler = async () => ({ outcome: 'done', detail: String((runs += 1)) });
    await open(folder, work).run(command('a'), signal);
    expect(await open(folder, work).run(command('a'), signal)).toEqual({
      id: 'a',
      outcome: 'done',
      detail: '1',
    });
    expect(runs).toBe(1);
  });

  it('that was running when the agent stopped is not run again, and says so', async () => {
    const folder = temporaryFolder();
    void open(folder, never).run(command('a'), signal);
    const again = await open(folder, async () => ({ outcome: 'done', detail: '' })).run(command('a'), signal);
    expect(again).toMatchObject({ outcome: 'failed', detail: expect.stringContaining('stopped') });
  });

  it('that cannot be recorded is not run', async () => {
    let runs = 0;
    const work: CommandHandler = async () => ({ outcome: 'done', detail: String((runs += 1)) });
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    expect(await open(join(file, 'below'), work).run(command('a'), signal)).toMatchObject({
      outcome: 'failed',
    });
    expect(runs).toBe(0);
  });

  it('sent twice at once runs once', async () => {
    let runs = 0;
    const commands = open(temporaryFolder(), async () => ({ outcome: 'done', detail: String((runs += 1)) }));
    await Promise.all([commands.run(command('a'), signal), commands.run(command('a'), signal)]);
    expect(runs).toBe(1);
  });

  it.each([
    ['too late', command('a', { expires: NOW - 1 }), NOW, 'expired'],
    ['unknown', command('a', { name: 'dance' }), NOW, 'refused'],
    ['not to be judged for want of the time', command('a'), undefined, 'refused'],
  ] as const)('%s is not run', async (_, given, now, outcome) => {
    let runs = 0;
    const work: CommandHandler = async () => ({ outcome: 'done', detail: String((runs += 1)) });
    const handlers = new Map([['work', work]]);
    const record = openCommandRecord(temporaryFolder());
    const commands = createCommands({ record, handlers, now: () => now, timeoutMs: 1_000 });
    expect(await commands.run(given, signal)).toMatchObject({ outcome });
    expect(runs).toBe(0);
  });

  it('whose work fails is answered as failed', async () => {
    const commands = open(temporaryFolder(), () => Promise.reject(new Error('no disk')));
    expect(await commands.run(command('a'), signal)).toEqual({
      id: 'a',
      outcome: 'failed',
      detail: 'no disk',
    });
  });
});

const makeRecall = () => {
  const periods: RecalledPeriod[] = [];
  const buffer = {
    recallPeriod: (period: RecalledPeriod) => {
      periods.push(period);
      return Promise.resolve({ batches: 3, readings: 40 });
    },
  };
  const numbers = new Map([
    ['meter/power', 1],
    ['meter/energy', 2],
  ]);
  return { recall: createRecall({ buffer, numbers }), periods };
};

describe('recall', () => {
  it('asks the buffer for the period and the points', async () => {
    const { recall, periods } = makeRecall();
    expect(await recall({ from: 1, to: 5 }, signal)).toMatchObject({ outcome: 'done' });
    await recall({ from: 1, to: 5, points: 'meter/energy, meter/power' }, signal);
    expect(periods).toEqual([
      { fromMs: 1, toMs: 5 },
      { fromMs: 1, toMs: 5, points: [2, 1] },
    ]);
  });

  it.each([{}, { from: 5, to: 5 }, { from: 'x', to: 5 }, { from: 1, to: 5, points: 'meter/none' }])(
    'refuses %j',
    async (given) => {
      const { recall, periods } = makeRecall();
      expect(await recall(given, signal)).toMatchObject({ outcome: 'refused' });
      expect(periods).toEqual([]);
    },
  );
});
