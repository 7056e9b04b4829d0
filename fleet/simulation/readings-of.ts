import type { Reading, ReadingColumn } from '#wire/readings.js';
import { chance } from './chance.js';
import type { Shape } from './settings.js';
import { SIGNALS, type SignalKind } from './signals.js';

/** What is drawn by chance for devices and points, beside the signals' own. */
const JITTER = 101;
const LATE = 102;
/** Room for the points of one gateway among the places of all. */
const PLACES_EACH = 65_536;

/** Late data: a share of the readings comes that many ticks after its time, like the backlog of a radio sensor. */
export interface Lateness {
  readonly share: number;
  readonly ticks: number;
}

/** What one gateway reads, tick by tick; ticks are intervals since 1970. */
export interface ReadingsOf {
  readonly points: number;
  /**
   * Appends what comes at one tick: its readings in time, and the late ones of an earlier tick, but of none before
   * `first`. Gives the next ordinal.
   */
  at(tick: number, first: number, ordinal: number, columns: Reading[][]): number;
  /** What a tick's late readings are, for the end of a run: nothing of it is owed. */
  late(tick: number, ordinal: number, columns: Reading[][]): number;
}

export const kindOf = ({ kinds }: Shape, index: number): SignalKind => kinds[index % kinds.length] ?? 'gauge';

/** The readings of a simulated gateway; `number` is its own. */
export const readingsOf = (shape: Shape, number: number, lateness: Lateness): ReadingsOf => {
  const { seed, devices, points, intervalMs, jitterMs } = shape;
  const signals = Array.from({ length: points }, (_, index) => SIGNALS[kindOf(shape, index)]);
  const read = (device: number, index: number, tick: number, ordinal: number): Reading => {
    const place = number * PLACES_EACH + device * points + index;
    const jitter = jitterMs * chance(seed, number * PLACES_EACH + device, JITTER, tick);
    return {
      ordinal,
      time: tick * intervalMs + Math.floor(jitter),
      value: signals[index]?.valueAt(seed, place, tick) ?? 0,
      flag: 1,
      reason: 'none',
      clock: 'synced',
      uncertaintyMs: 0,
    };
  };
  const isLate = (column: number, tick: number): boolean =>
    lateness.share > 0 && chance(seed, number * PLACES_EACH + column, LATE, tick) < lateness.share;
  const take = (tick: number, late: boolean, ordinal: number, columns: Reading[][]): number => {
    let next = ordinal;
    for (let column = 0; column < devices * points; column += 1) {
      if (isLate(column, tick) !== late) continue;
      columns[column]?.push(read(Math.floor(column / points), column % points, tick, next));
      next += 1;
    }
    return next;
  };
  const late: ReadingsOf['late'] = (tick, ordinal, columns) =>
    lateness.share === 0 ? ordinal : take(tick, true, ordinal, columns);
  return {
    points: devices * points,
    at: (tick, first, ordinal, columns) => {
      const next = take(tick, false, ordinal, columns);
      const earlier = tick - lateness.ticks;
      return earlier < first ? next : late(earlier, next, columns);
    },
    late,
  };
};

/** Columns as a batch carries them: points are numbered from 1; those without a reading are left out. */
export const columnsOf = (columns: readonly Reading[][]): readonly ReadingColumn[] =>
  columns.flatMap((readings, index) => (readings.length === 0 ? [] : [{ point: index + 1, readings }]));
