import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startProjectorThread, type ProjectorThread } from '../../../fleet/projections/projector-thread.js';
import { openDatabase } from '../../../fleet/store/sqlite/database.js';
import { openViewsWriter } from '../../../fleet/store/sqlite/views-writer.js';
import { built } from '../../support/built.js';
import { eventually } from '../../support/eventually.js';
import { directoryOf, openFleetOfViews, point, reading, T0, type FleetOfViews } from './fleet-of-views.js';

const directory = directoryOf(point(1));

let fleet: FleetOfViews;
let thread: ProjectorThread | undefined;
beforeEach(() => {
  fleet = openFleetOfViews();
  thread = undefined;
});
afterEach(async () => {
  await thread?.close();
  await fleet.close();
});

const logged: string[] = [];
const log = {
  warn: (_: object, event: string) => void logged.push(event),
  error: (_: object, event: string) => void logged.push(event),
};

const views = (): string => join(fleet.folder, 'threaded.db');

const start = async (paths: object = {}): Promise<ProjectorThread> => {
  const file = built('fleet/projections/projector-worker.js', [
    'fleet/projections',
    'fleet/store',
    'agent/wire',
  ]);
  const workerData = {
    log: join(fleet.folder, 'log.db'),
    registry: join(fleet.folder, 'registry.db'),
    views: views(),
    ...paths,
  };
  thread = await startProjectorThread({ worker: new Worker(file, { workerData }), log });
  return thread;
};

const send = (ordinal: number): Promise<void> =>
  fleet.send(directory, {
    content: 'readings',
    columns: [{ point: 1, readings: [reading(ordinal, T0 + ordinal * 1000, ordinal)] }],
  });

const stored = (): number => {
  const database = openDatabase(views(), { readonly: true });
  const row = database.prepare<[], { n: number }>('select count(*) as n from series').get();
  database.close();
  return row?.n ?? 0;
};

describe('the projector thread', () => {
  test('follows the log when woken and without, and goes on where it stopped', async () => {
    await fleet.sendDirectory(directory);
    const first = await start();
    await send(1);
    first.wake();
    await eventually(() => first.position() === 2, 10_000);
    await send(2);
    await eventually(() => first.position() === 3, 10_000);
    expect(first.failed()).toBe(false);
    await first.close();
    await send(3);
    const second = await start();
    await eventually(() => second.position() === 4, 10_000);
    expect(stored()).toBe(3);
  });

  test('makes everything again on demand', async () => {
    await fleet.sendDirectory(directory);
    await send(1);
    const running = await start();
    await eventually(() => running.position() === 2, 10_000);
    const spoilt = openDatabase(views());
    spoilt.exec('delete from series');
    spoilt.close();
    running.rebuild();
    await eventually(() => stored() === 1, 10_000);
  });

  test('gives way for good to another that takes the projections over', async () => {
    await fleet.sendDirectory(directory);
    const running = await start();
    await eventually(() => running.position() === 1, 10_000);
    const successor = openViewsWriter(views());
    await send(1);
    running.wake();
    await eventually(() => running.failed(), 10_000);
    expect(stored()).toBe(0);
    expect(logged).toContain('projection failed');
    await running.close();
    await successor.close();
  });

  test('says so where its files cannot be opened', async () => {
    await expect(start({ log: join(fleet.folder, 'none.db') })).rejects.toMatchObject({
      code: 'thread-ended',
    });
  });

  test('ends within its close', async () => {
    const running = await start();
    await running.close();
    await running.close();
    expect(running.failed()).toBe(true);
  });
});
