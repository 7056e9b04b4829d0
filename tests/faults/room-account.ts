import { openBody, parseBatch } from '#wire/batch.js';
import type { BufferState, SealedBatch } from '../../agent/buffer/buffer.js';
import { accountOf, lossesOf } from '../support/buffer-accounts.js';
import type { Verdict } from './checker.js';

/** A reading as it was handed to the buffer. */
export interface StoredReading {
  readonly point: number;
  /** UTC ms; no two of a point have the same. */
  readonly time: number;
  readonly value: number;
  /** Report by exception keeps it back. */
  readonly held: boolean;
  /** Too late or too far ahead to be in a window. */
  readonly outside: boolean;
}

/** What a buffer was given, and all that it would send. */
export interface RoomEvidence {
  readonly stored: readonly StoredReading[];
  /** Readings that were lost before the buffer, as it was told. */
  readonly toldLost: number;
  readonly batches: readonly SealedBatch[];
  readonly state: BufferState;
  readonly epoch: string;
  /** Number of the point whose readings go last. */
  readonly alarms: number;
}

const PERIODS = [60_000, 900_000] as const;
const SHOWN = 5;

const cellOf = (point: number, period: number, time: number): string =>
  `${point}/${period}/${Math.floor(time / period) * period}`;

/** Readings that each window counts, in its newest revision. */
const windowsOf = (batches: readonly SealedBatch[]): ReadonlyMap<string, number> => {
  const newest = new Map<string, { readonly revision: number; readonly count: number }>();
  for (const { message } of batches) {
    const body = openBody(parseBatch(message));
    if (body.content !== 'windows') continue;
    for (const { point, periodMs, windows } of body.columns)
      for (const { start, revision, aggregate } of windows) {
        const cell = cellOf(point, periodMs, start);
        if ((newest.get(cell)?.revision ?? -1) < revision)
          newest.set(cell, { revision, count: aggregate.count });
      }
  }
  return new Map([...newest].map(([cell, { count }]) => [cell, count]));
};

const nameOf = (point: number, time: number): string => `${point} at ${new Date(time).toISOString()}`;

/** The values that came raw, by point and time; one that comes twice is noted. */
const cameRaw = (
  batches: readonly SealedBatch[],
  faults: string[],
): ReadonlyMap<string, number | bigint | string | null> => {
  const came = new Map<string, number | bigint | string | null>();
  for (const { message } of batches) {
    const body = openBody(parseBatch(message));
    if (body.content !== 'readings') continue;
    for (const { point, readings } of body.columns)
      for (const { time, value } of readings) {
        if (came.has(nameOf(point, time))) faults.push(`I2 ${nameOf(point, time)} came twice`);
        came.set(nameOf(point, time), value);
      }
  }
  return came;
};

/** Readings that neither came nor are in a window that counts all of its period. */
const uncovered = (
  stored: readonly StoredReading[],
  came: ReadonlyMap<string, unknown>,
  windows: ReadonlyMap<string, number>,
) => {
  const within = new Map<string, number>();
  for (const { point, time, outside } of stored)
    for (const period of outside ? [] : PERIODS) {
      const cell = cellOf(point, period, time);
      within.set(cell, (within.get(cell) ?? 0) + 1);
    }
  return stored.filter(({ point, time, held, outside }) => {
    if (held || came.has(nameOf(point, time))) return false;
    const cells = PERIODS.map((period) => cellOf(point, period, time));
    return outside || cells.every((cell) => windows.get(cell) !== within.get(cell));
  });
};

/** I2 and I3 of a buffer that had to give up what it held: nothing twice, and what went is told, to the number. */
export const judgeRoom = ({ stored, toldLost, batches, state, epoch, alarms }: RoomEvidence): Verdict => {
  const faults: string[] = [];
  const came = cameRaw(batches, faults);
  const losses = lossesOf(batches);
  const { delivered, heldBack, lost, lostReadings, seqs } = accountOf(batches, epoch);
  for (const { point, time, value } of stored) {
    const there = came.get(nameOf(point, time));
    if (there !== undefined && there !== value)
      faults.push(`I4 ${nameOf(point, time)} was ${value}, came as ${String(there)}`);
  }
  const gone = stored.filter(({ held, point, time }) => !held && !came.has(nameOf(point, time)));
  if (gone.length !== lostReadings)
    faults.push(`I3 ${gone.length} readings did not come, ${lostReadings} were declared lost`);
  const memory = losses.reduce((sum, { cause, count }) => sum + (cause === 'memory' ? count : 0), 0);
  if (memory !== toldLost)
    faults.push(`I3 ${toldLost} readings were lost in memory, ${memory} were declared lost`);
  if (delivered + heldBack + lost + state.unsealedRows !== state.lastOrdinal)
    faults.push(
      `I3 ordinals: ${delivered} came, ${heldBack} held back, ${lost} lost, of ${state.lastOrdinal}`,
    );
  if (seqs.size !== state.lastSealed)
    faults.push(`I3 ${seqs.size} batches came or were declared lost, of ${state.lastSealed}`);
  // a record that names windows says that they stand for all that it counts; one that names none excuses what lies in it
  const bare = losses.filter(({ cause, replacedByMs }) => cause !== 'memory' && replacedByMs === undefined);
  const open = uncovered(stored, came, windowsOf(batches)).filter(
    ({ point, time }) =>
      !bare.some(
        ({ points, firstTime = -Infinity, lastTime = Infinity }) =>
          (points.length === 0 || points.includes(point)) && firstTime <= time && time <= lastTime,
      ),
  );
  for (const { point, time } of open.slice(0, SHOWN))
    faults.push(`I3 ${nameOf(point, time)} neither came nor is in a window, and no record says so`);
  const alarmsGone = gone.filter(({ point }) => point === alarms).length;
  if (alarmsGone > 0) faults.push(`I3 ${alarmsGone} alarms went while other things were left`);
  return {
    faults,
    figures: {
      stored: stored.length,
      arrived: came.size,
      declaredLost: lostReadings,
      records: losses.length,
      bareRecords: bare.length,
    },
  };
};
