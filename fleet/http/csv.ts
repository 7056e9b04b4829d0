import { csvHeader, csvLine } from '../csv-line.js';
import type { ReadingKey, Resolution, ViewsReader } from '../store/views-store.js';
import { presentReading, presentRollup } from './present-series.js';
import type { SeriesRequest } from './readings.js';

/** Rows read and written at a time: bounds memory, and gives the event loop back in between. */
const CHUNK = 2000;

const READING_COLUMNS = [
  'time',
  'value',
  'flag',
  'reason',
  'clock',
  'uncertaintyMs',
  'deviceTime',
  'deviceClock',
  'source',
  'epoch',
  'ordinal',
] as const;
const ROLLUP_COLUMNS = [
  'start',
  'end',
  'value',
  'min',
  'max',
  'count',
  'expected',
  'origin',
  'revision',
] as const;

/** All raw readings of a period as CSV (RFC 4180), in chunks of whole lines. */
export async function* csvOfReadings(
  views: ViewsReader,
  now: number,
  { scope, point, from, to, given }: SeriesRequest,
): AsyncGenerator<string> {
  yield csvHeader(READING_COLUMNS);
  let after: ReadingKey | undefined;
  for (;;) {
    const place = after === undefined ? {} : { after };
    const rows = views.readings(scope, now, { pointId: point.id, from, to, limit: CHUNK, ...place });
    after = rows.at(-1)?.key;
    if (after === undefined) return;
    given(rows.map(({ time }) => time));
    yield rows.map((row) => csvLine(presentReading(row), READING_COLUMNS)).join('');
    await turn();
  }
}

/** All rollup cells of a period as CSV. */
export async function* csvOfRollups(
  views: ViewsReader,
  now: number,
  { scope, point, from, to, given }: SeriesRequest,
  resolution: Resolution,
): AsyncGenerator<string> {
  yield csvHeader(ROLLUP_COLUMNS);
  let after: number | undefined;
  for (;;) {
    const place = after === undefined ? {} : { after };
    const rows = views.rollups(scope, now, {
      pointId: point.id,
      resolution,
      from,
      to,
      limit: CHUNK,
      ...place,
    });
    after = rows.at(-1)?.start;
    if (after === undefined) return;
    given(rows.map(({ start }) => start));
    yield rows.map((row) => csvLine(presentRollup(row), ROLLUP_COLUMNS)).join('');
    await turn();
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
