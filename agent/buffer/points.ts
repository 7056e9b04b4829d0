import type { BufferPoint } from './buffer.js';
import { BufferError } from './buffer-error.js';
import type { Database } from './sqlite-database.js';

/** A point as the file keeps it. */
export interface PointRow {
  readonly number: number;
  readonly key: string;
  readonly definition: string;
  readonly active: number;
}

const parseDefinition = (row: PointRow): BufferPoint => {
  const definition: unknown = JSON.parse(row.definition);
  return definition as BufferPoint;
};

/** A replaced device begins a series of its own: what it counts follows nothing that the other one counted. */
const seriesKey = ({ key, installation }: BufferPoint): string =>
  installation === undefined ? key : `${key}@${installation}`;

/** Periods that a point's windows are computed for from rows; its others are multiples, merged from the first. */
export const basePeriod = (point: BufferPoint): number | undefined =>
  point.windows.length === 0 ? undefined : Math.min(...point.windows);

/** Points by number. Numbers are kept for ever; only points of the last definition get windows. */
export class Points {
  readonly #database: Database;
  #all: ReadonlyMap<number, BufferPoint> = new Map();
  #active = new Map<number, BufferPoint>();
  #numbers = new Map<string, number>();

  constructor(database: Database) {
    this.#database = database;
    this.reload();
  }

  reload(): void {
    const rows = this.rows();
    this.#numbers = new Map(rows.map((row) => [row.key, row.number]));
    this.#all = new Map(rows.map((row) => [row.number, parseDefinition(row)]));
    this.#active = new Map(
      rows.filter((row) => row.active === 1).map((row) => [row.number, parseDefinition(row)]),
    );
  }

  /** The points that are defined now, by number. */
  active(): ReadonlyMap<number, BufferPoint> {
    return this.#active;
  }

  /** Every point that ever was defined here, by number. */
  all(): ReadonlyMap<number, BufferPoint> {
    return this.#all;
  }

  define(points: readonly BufferPoint[]): ReadonlyMap<string, number> {
    for (const point of points) checkPoint(point);
    const save = this.#database.prepare(
      `INSERT INTO point (key, definition, active) VALUES (?, ?, 1)
       ON CONFLICT (key) DO UPDATE SET definition = excluded.definition, active = 1`,
    );
    this.#database.prepare('UPDATE point SET active = 0').run();
    for (const point of points) save.run(seriesKey(point), JSON.stringify(point));
    this.reload();
    return new Map(points.map((point) => [point.key, this.#numbers.get(seriesKey(point)) ?? 0]));
  }

  rows(): readonly PointRow[] {
    return this.#database
      .prepare<[], PointRow>('SELECT number, key, definition, active FROM point ORDER BY number')
      .all();
  }

  /** Gives points the numbers that they had in another file; this one has none yet. */
  restore(rows: readonly PointRow[]): void {
    const insert = this.#database.prepare(
      'INSERT INTO point (number, key, definition, active) VALUES (@number, @key, @definition, @active)',
    );
    for (const row of rows) insert.run(row);
    this.reload();
  }

  /** The number of a key, given now if it has none: for a point that is not of the configuration. */
  numberOf(key: string, definition: string): number {
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#database
      .prepare('INSERT INTO point (key, definition, active) VALUES (?, ?, 0)')
      .run(key, definition);
    this.reload();
    return this.#numbers.get(key) ?? 0;
  }

  isKnown(number: number): boolean {
    return Number.isInteger(number) && number >= 1 && number <= this.#numbers.size;
  }
}

const isDuration = (ms: number): boolean => Number.isSafeInteger(ms) && ms > 0;

const checkPoint = (point: BufferPoint): void => {
  const base = basePeriod(point);
  const odd = point.windows.find((period) => !isDuration(period) || period % (base ?? period) !== 0);
  if (odd !== undefined) {
    throw new BufferError(
      'invalid',
      `Point ${point.key}: the window of ${odd} ms is no multiple of its shortest, ${base} ms; choose one that is.`,
    );
  }
  if (!isDuration(point.intervalMs) || !isDuration(point.maxHoldMs))
    throw new BufferError('invalid', `Point ${point.key}: interval and hold must be positive whole ms.`);
};
