import { existsSync, statSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Buffer as GatewayBuffer, BufferPoint, SealedBatch } from '../../../agent/buffer/buffer.js';
import { createBufferParts } from '../../../agent/buffer/buffer-parts.js';
import { BufferError } from '../../../agent/buffer/buffer-error.js';
import { openBuffer, systemDeps, type BufferOptions } from '../../../agent/buffer/open-buffer.js';
import { RoomKeeper } from '../../../agent/buffer/room-keeper.js';
import { createSigner } from '../../../agent/buffer/signing-key.js';
import { Store } from '../../../agent/buffer/store.js';
import { openDatabase } from '../../../agent/buffer/sqlite-database.js';
import type { ThinningStep } from '../../../agent/buffer/thinning-steps.js';
import {
  BufferFile,
  claimAll,
  point,
  reading,
  readingsOf,
  signingKey,
  START,
  windowColumnsOf,
} from '../../support/buffer.js';
import { accountOf, directoryOf, lossesOf, sealAll } from '../../support/buffer-accounts.js';
import { eventually } from '../../support/eventually.js';

const POINTS: readonly BufferPoint[] = [
  point('a/t', { windows: [60_000, 900_000] }),
  point('a/u', { windows: [60_000, 900_000] }),
  point('a/index', { kind: 'counter', windows: [60_000, 900_000] }),
  point('a/door', { kind: 'event', valueType: 'state' }),
];
const MIB = 1024 ** 2;
const CAP = 0.5 * MIB;
/** Longer than such a buffer holds what comes. */
const HOURS = 48;

let free = 1e12;
/** Time that passed for the buffer alone, ms. */
let passed = 0;
const open = async (options: BufferOptions): Promise<GatewayBuffer> =>
  openBuffer(options, {
    ...systemDeps,
    monotonic: () => performance.now() + passed,
    freeBytes: () => free,
  });
let file: BufferFile;
beforeEach(() => {
  free = 1e12;
  file = new BufferFile(open);
});
afterEach(async () => file.remove());

const prepare = async (
  options: Partial<BufferOptions> = {},
  signed = true,
  points = POINTS,
): Promise<GatewayBuffer> => {
  const buffer = await file.open(options, signed);
  const numbers = await buffer.definePoints(points);
  const { hash, bytes } = directoryOf(points, numbers);
  await buffer.useDirectory(hash, bytes);
  return buffer;
};

/** Noise: a batch of these costs about 8 bytes a reading. */
const noisy = (index: number): number => Math.sin(index * 12.9898) * 43_758.5453;

/** Hours of readings: two gauges each 10 s, a counter and an event each hour; all of an hour sealed before the next. */
const fill = async (buffer: GatewayBuffer, from: number, hours: number, seal = true): Promise<void> => {
  for (let hour = from; hour < from + hours; hour += 1) {
    const rows = Array.from({ length: 360 }, (_, index) => hour * 360 + index).flatMap((round) => [
      reading(1, round * 10_000, { value: noisy(round), held: round % 10 === 3 }),
      reading(2, round * 10_000, { value: noisy(round + 0.5) }),
      ...(round % 360 === 0
        ? [reading(3, round * 10_000, { value: round }), reading(4, round * 10_000, { value: round })]
        : []),
    ]);
    await takenBy(async () => buffer.append(rows));
    if (seal) await takenBy(async () => sealAll(buffer));
    // without an uplink the agent asks for full batches, again and again
    await roomMade(buffer, seal ? undefined : async () => buffer.seal('backfill', 'full'));
  }
};

const roomMade = async (buffer: GatewayBuffer, ask?: () => Promise<unknown>): Promise<void> =>
  eventually(async () => {
    if (ask !== undefined) await takenBy(ask);
    const { storage } = await buffer.state();
    return storage.usedBytes <= 0.92 * storage.allowedBytes;
  }, 20_000);

/** Asks again while the buffer says that it is full, as the agent does. */
const takenBy = async (call: () => Promise<unknown>): Promise<void> =>
  eventually(async () => {
    try {
      await call();
      return true;
    } catch (error) {
      if (error instanceof BufferError && error.code === 'full') return false;
      throw error;
    }
  }, 20_000);

const settle = async (buffer: GatewayBuffer): Promise<readonly SealedBatch[]> => {
  await takenBy(async () => sealAll(buffer));
  await roomMade(buffer);
  await takenBy(async () => sealAll(buffer));
  return claimAll(buffer);
};

const MINUTE = 60_000;

/** Minutes from the start on of which neither all readings of a point are here, nor a window. */
const minutesGone = (batches: readonly SealedBatch[], number: number, minutes: number): readonly number[] => {
  const windows = batches.flatMap(windowColumnsOf).filter((column) => column.point === number);
  const covered = new Set(
    windows.flatMap(({ periodMs, windows: made }) =>
      made.flatMap(({ start }) =>
        Array.from({ length: periodMs / MINUTE }, (_, index) => (start - START) / MINUTE + index),
      ),
    ),
  );
  const raw = new Map<number, number>();
  for (const { point: of, time } of batches.flatMap(readingsOf)) {
    const minute = Math.floor((time - START) / MINUTE);
    if (of === number) raw.set(minute, (raw.get(minute) ?? 0) + 1);
  }
  return Array.from({ length: minutes }, (_, minute) => minute).filter(
    (minute) => raw.get(minute) !== 6 && !covered.has(minute),
  );
};

/** Takes the batches of a closed file through a step, as far as that goes; gives how many stretches there were. */
const thinFile = (step: ThinningStep): number => {
  const database = openDatabase(file.path);
  const parts = createBufferParts({
    ...systemDeps,
    database,
    graceMs: 5_000,
    historyBytes: 1e9,
    historyMs: 1e9,
  });
  const signer = createSigner(signingKey);
  let stretches = 0;
  while (database.transaction(() => parts.thinning.thinBatches(step, signer))()) stretches += 1;
  database.close();
  return stretches;
};

/** Every unacked batch of a closed file. */
const claimFile = async (): Promise<readonly SealedBatch[]> => {
  const buffer = await file.open();
  const batches = await claimAll(buffer);
  await buffer.close();
  return batches;
};

/** Everything that was stored is delivered, held back or declared lost; no alarm went. */
const expectAllAccounted = async (buffer: GatewayBuffer, batches: readonly SealedBatch[]): Promise<void> => {
  const state = await buffer.state();
  const { delivered, heldBack, lost, lostReadings, seqs } = accountOf(batches, buffer.epoch);
  expect(delivered + heldBack + lost + state.unsealedRows).toBe(state.lastOrdinal);
  expect(seqs.size).toBe(state.lastSealed);
  expect(state.lostReadings).toBe(lostReadings);
  expect(lostReadings).toBeGreaterThan(2_000);
  const alarms = batches.flatMap(readingsOf).filter(({ point: number }) => number === 4);
  expect(alarms).toHaveLength(HOURS);
};

describe('a buffer whose room ends', { timeout: 120_000 }, () => {
  it('replaces the oldest raw by windows, keeps alarms, and declares exactly what went', async () => {
    const buffer = await prepare({ capBytes: CAP });
    await fill(buffer, 0, HOURS);
    const batches = await settle(buffer);
    await expectAllAccounted(buffer, batches);
    expect(statSync(file.path).size).toBeLessThanOrEqual(CAP);

    const raw = batches.flatMap(readingsOf);
    expect(new Set(raw.map(({ ordinal }) => ordinal)).size).toBe(raw.length);
    const losses = lossesOf(batches);
    expect(losses.every(({ cause, exact }) => cause === 'space' && exact)).toBe(true);
    expect(losses.some(({ replacedByMs }) => replacedByMs === 60_000)).toBe(true);

    expect(minutesGone(batches, 2, HOURS * 60)).toEqual([]);
  });

  it('goes on to the longer windows when there is less room', async () => {
    const buffer = await prepare({ capBytes: 0.36 * MIB });
    await fill(buffer, 0, HOURS);
    const batches = await settle(buffer);
    await expectAllAccounted(buffer, batches);
    expect(statSync(file.path).size).toBeLessThanOrEqual(0.36 * MIB);
    expect(lossesOf(batches).some(({ replacedByMs }) => replacedByMs === 900_000)).toBe(true);
    expect(minutesGone(batches, 2, HOURS * 60)).toEqual([]);
  });

  it.each([
    ['each minute', 60_000],
    ['each ten seconds', 10_000],
  ])('leaves what longer windows than those of %s are still to be made of', async (_, shortest) => {
    const points = POINTS.map((each) =>
      each.key === 'a/u' ? { ...each, windows: [shortest, 900_000] } : each,
    );
    const buffer = await prepare({}, true, points);
    await fill(buffer, 0, 2);
    for (let minute = 120; minute < 128; minute += 1) {
      const rounds = Array.from({ length: 6 }, (__, index) => minute * 6 + index);
      await buffer.append(rounds.map((round) => reading(2, round * 10_000, { value: noisy(round) })));
      await sealAll(buffer);
    }
    await buffer.close();
    expect(thinFile('raw')).toBeGreaterThan(0);
    expect(minutesGone(await claimFile(), 2, 128)).toEqual([]);
    thinFile('short-windows');
    expect(minutesGone(await claimFile(), 2, 128)).toEqual([]);
  });

  it('keeps the raw of a reading that no window has, while windows stand for the others', async () => {
    const buffer = await prepare();
    await fill(buffer, 0, 2);
    // later than its window could be made again
    await buffer.append([reading(1, 5_000, { value: 77 })]);
    await fill(buffer, 2, 1);
    await buffer.close();
    expect(thinFile('raw')).toBeGreaterThan(0);
    const left = (await claimFile())
      .flatMap(readingsOf)
      .filter(({ point: number, time }) => number === 1 && time < START + 3_600_000);
    expect(left.map(({ value }) => value)).toEqual([77]);
  });

  it('accounts for every row while no uplink asks for what is due', async () => {
    const buffer = await prepare({ capBytes: 0.36 * MIB });
    await fill(buffer, 0, HOURS, false);
    const batches = await settle(buffer);
    await expectAllAccounted(buffer, batches);
    expect(statSync(file.path).size).toBeLessThanOrEqual(0.36 * MIB);
  });

  it('gives up everything but counters and events, then everything but events', async () => {
    const buffer = await prepare();
    await fill(buffer, 0, 3);
    await buffer.close();
    thinFile('all-but-counters');
    const left = await claimFile();
    expect(minutesGone(left, 2, 180)).toHaveLength(180);
    expect(left.flatMap(readingsOf).map(({ point: number }) => number)).toEqual([3, 4, 3, 4, 3, 4]);
    thinFile('all-but-alarms');
    const alarms = (await claimFile()).flatMap(readingsOf);
    expect(alarms.map(({ point: number }) => number)).toEqual([4, 4, 4]);
  });

  it('gives up no more than it must where a write met a full disk', async () => {
    const buffer = await prepare();
    const [slices, rounds] = [60, 60];
    for (let slice = 0; slice < slices; slice += 1) {
      const from = slice * rounds * 10_000;
      await buffer.append(
        Array.from({ length: rounds }, (_, round) =>
          reading(2, from + round * 10_000, { value: noisy(slice * rounds + round) }),
        ),
      );
      await buffer.seal('backfill', 'due');
    }
    await buffer.close();
    const options = {
      path: file.path,
      graceMs: 5_000,
      capBytes: 1e9,
      historyBytes: 1e9,
      historyMs: 1e9,
      retryMs: 1e9,
    };
    const store = new Store(options, systemDeps);
    store.setSigner(signingKey);
    const limits = { capBytes: 1e9, floorBytes: 0, reserveBytes: 0 };
    const keeper = new RoomKeeper({ ...systemDeps, store, path: file.path, limits });
    const lost = (): number => store.run((core) => core.state().lostReadings);
    await eventually(() => {
      if (lost() > 0) return true;
      keeper.onFull();
      return false;
    }, 20_000);
    for (let time = 0; time < 20; time += 1) await turn();
    expect(lost()).toBeLessThan((slices * rounds) / 2);
    await keeper.stop();
    store.close();
  });

  it('ends the local history first, which loses nothing', async () => {
    const buffer = await prepare({ capBytes: CAP });
    for (let hour = 0; hour < 48; hour += 1) {
      await fill(buffer, hour, 1);
      await buffer.ack(buffer.epoch, [[1, (await buffer.state()).lastSealed]]);
    }
    await settle(buffer);
    const { lostReadings, lastSealed } = await buffer.state();
    expect(lostReadings).toBe(0);
    expect((await buffer.recall([[1, lastSealed]])).length).toBeLessThan(lastSealed);
  });

  it('gives up rows that nothing could seal yet, and tells it once it can seal', async () => {
    const buffer = await prepare({ capBytes: CAP }, false);
    for (let hour = 0; hour < 24; hour += 2) {
      await fill(buffer, hour, 2, false);
      await takenBy(async () => buffer.seal('backfill', 'due'));
    }
    expect(await claimAll(buffer)).toEqual([]);
    await buffer.setSigner(signingKey);
    const batches = await settle(buffer);
    const state = await buffer.state();
    const { delivered, heldBack, lost, lostReadings } = accountOf(batches, buffer.epoch);
    expect(lostReadings).toBeGreaterThan(2_000);
    expect(delivered + heldBack + lost + state.unsealedRows).toBe(state.lastOrdinal);
    const alarms = batches.flatMap(readingsOf).filter(({ point: number }) => number === 4);
    expect(alarms).toHaveLength(24);
  });

  it('drops nothing whose loss it cannot record', async () => {
    let buffer = await prepare();
    await fill(buffer, 0, 4);
    await takenBy(async () => sealAll(buffer));
    await buffer.close();
    const database = openDatabase(file.path);
    database.exec(`CREATE TRIGGER refuse BEFORE INSERT ON loss BEGIN SELECT RAISE(ABORT, 'no'); END`);
    database.close();
    buffer = await file.open({ capBytes: 0.1 * MIB, historyBytes: 0 });
    const before = await claimAll(buffer);
    // each commit begins to make room again
    for (let time = 0; time < 20; time += 1)
      await buffer.append([reading(1, 14_400_000 + time)]).catch(() => undefined);
    const after = await claimAll(buffer);
    expect(after.slice(0, before.length)).toEqual(before);
  });

  it('gives its reserve back when the disk fills up, and takes it again', async () => {
    free = 200 * MIB;
    const buffer = await prepare({ reserveBytes: MIB, floorBytes: 16 * MIB });
    const reserve = `${file.path}.reserve`;
    expect(statSync(reserve).size).toBe(MIB);
    // the file system is asked every two seconds
    const touch = async (): Promise<void> => {
      passed += 2_000;
      await buffer.append([reading(1, 0)]);
    };
    free = 0;
    await eventually(async () => {
      await touch();
      return !existsSync(reserve);
    }, 20_000);
    expect((await buffer.state()).storage).toMatchObject({ reserve: 'released', freeBytes: 0 });
    free = 200 * MIB;
    await eventually(async () => {
      await touch();
      return existsSync(reserve);
    }, 20_000);
  });
});
