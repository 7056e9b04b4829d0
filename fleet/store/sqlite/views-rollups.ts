import type { Kind, ValueType } from '#wire/terms.js';
import { DAY, HOUR, MINUTE, QUARTER } from '../periods.js';
import { withoutCarried, type SeamSource } from '../seam-cells.js';
import type { Cell } from '../views-writer.js';
import type { Resolution, RollupRow } from '../views-store.js';
import type { Database } from './database.js';
import { decodeCell, SELECT_CELL, type CellRow } from './views-cells.js';
import { grantsParameter, ISLANDS } from './views-scope.js';
import { decodeMarks, decodeValue, ENTERS, readValue } from './views-values.js';
import type { ViewsQueries } from './views-queries.js';

/** Periods of the resolutions, ms. */
const PERIODS: Readonly<Record<Resolution, number>> = { '1m': MINUTE, '15m': QUARTER, '1h': HOUR, '1d': DAY };

export interface SeriesParameters {
  readonly grants: string;
  readonly point: string;
  readonly resolution: number;
  readonly from: number;
  readonly to: number;
  readonly limit: number;
}

interface StoredCell extends CellRow {
  readonly number: number;
  readonly kind: Kind;
  readonly valueType: ValueType;
}

/**
 * Cells that lie wholly in what may be read. Those behind the beginning of a right are given without what was
 * carried into them from before it: see `seam-cells.ts`.
 */
export const createRollupsQuery = (database: Database): ViewsQueries['rollups'] => {
  const select = database.prepare<[SeriesParameters & { after: number }], StoredCell>(
    `with ${ISLANDS}
     select ${SELECT_CELL}, p.number, p.kind, p.value_type as valueType
     from registry.point p cross join rollup r on r.point = p.number
     where p.id = @point and r.period = @resolution and r.start >= @from and r.start < @to and r.start > @after
       and exists (select 1 from island where "from" <= r.start and r.start + ifnull(r.span, r.period) <= "to")
     order by r.start limit +@limit`,
  );
  const beginnings = database.prepare<[SeriesParameters], { from: number }>(
    `with ${ISLANDS} select "from" from island where "from" > 0 and "from" < @to order by "from" limit +@limit`,
  );
  const sourceOf = createSeamSource(database);
  return (scope, now, query): RollupRow[] => {
    const { pointId: point, from, to, limit } = query;
    const resolution = PERIODS[query.resolution];
    const asked = { grants: grantsParameter(scope, now), point, resolution, from, to };
    const seams = beginnings.all({ ...asked, limit: -1 }).map((row) => row.from);
    const found: RollupRow[] = [];
    for (let after = query.after ?? from - 1; found.length < limit;) {
      const rows = select.all({ ...asked, limit: limit - found.length, after });
      const [first] = rows;
      if (first === undefined) break;
      const cells = rows.map((row) => decodeCell(row, row.kind, row.valueType, resolution));
      found.push(...withoutCarried(sourceOf(first), resolution, cells, seams).map(rowOf));
      after = cells.at(-1)?.start ?? to;
    }
    return found;
  };
};

const rowOf = ({ start, end, origin, revision, aggregate }: Cell): RollupRow => ({
  start,
  end,
  origin,
  revision,
  aggregate,
});

interface Configured {
  readonly intervalMs: number;
  readonly maxHoldMs: number;
  readonly rollover: number | null;
}

interface StoredReading {
  readonly time: number;
  readonly value: unknown;
  readonly marks: number | null;
}

/** What cells behind a seam are made of. The configuration is the newest of the point. */
const createSeamSource = (database: Database) => {
  const configured = database.prepare<[number], Configured>(
    `select interval_ms as intervalMs, max_hold_ms as maxHoldMs, rollover from directory_point
     where point = ? order by directory desc limit 1`,
  );
  const readings = database.prepare<[number, number, number], StoredReading>(
    `select time, ${readValue('value')} as value, marks from series
     where point = ? and time >= ? and time < ? order by time, origin, ordinal`,
  );
  const cells = database.prepare<[number, number, number, number], CellRow>(
    `select ${SELECT_CELL} from rollup where point = ? and period = ? and start >= ? and start < ? order by start`,
  );
  const entered = database.prepare<[number, number], { time: number }>(
    `select time from series where point = ? and time >= ? and ${ENTERS} order by time limit 1`,
  );
  const enteredCell = database.prepare<[number, number, number], { time: number }>(
    `select start + first_at as time from rollup
     where point = ? and period = ? and start >= ? and first_at is not null order by start limit 1`,
  );
  return ({ number, kind, valueType }: StoredCell): SeamSource => ({
    kind,
    ...(configured.get(number) ?? { intervalMs: MINUTE, maxHoldMs: 0, rollover: null }),
    readings: ({ from, to }) =>
      readings.all(number, from, to).map(({ time, value, marks }) => ({
        time,
        value: decodeValue(value, valueType),
        flag: decodeMarks(marks).flag,
      })),
    cells: (periodMs, { from, to }) =>
      cells.all(number, periodMs, from, to).map((row) => decodeCell(row, kind, valueType, periodMs)),
    firstEntered: (periodMs, time) => {
      const times = [entered.get(number, time)?.time, enteredCell.get(number, periodMs, time)?.time];
      const known = times.filter((each) => each !== undefined);
      return known.length === 0 ? undefined : Math.min(...known);
    },
  });
};
