import { csvHeader, csvLine } from '../csv-line.js';
import type { LatestRow, Page, ReadingKey, Resolution, ViewsReader } from '../store/views-store.js';
import { presentLatest, presentReading, presentRollup } from './present-series.js';
import type { SeriesRequest } from './readings.js';

/** Rows read and written at a time: bounds memory, and gives the event loop back in between. */
const CHUNK = 1000;
/** Points are looked up in more tables than readings. */
const LATEST_CHUNK = 1000;

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

const LATEST_COLUMNS = [
  'id',
  'key',
  'name',
  'deviceId',
  'deviceName',
  'organisationId',
  'locationId',
  'kind',
  'property',
  'unit',
  'time',
  'value',
  'flag',
  'reason',
] as const;

/** The newest readings of all points that `read` gives, in its order. */
export async function* csvOfLatest(
  read: (page: Page) => Promise<readonly LatestRow[]>,
  given: (rows: readonly LatestRow[]) => void,
): AsyncGenerator<string> {
  yield csvHeader(LATEST_COLUMNS);
  let after: string | undefined;
  for (;;) {
    const rows = await read({ limit: LATEST_CHUNK, ...(after === undefined ? {} : { after }) });
    after = rows.at(-1)?.id;
    if (after === undefined) return;
    given(rows);
    yield rows.map((row) => csvLine(presentLatest(row), LATEST_COLUMNS)).join('');
    await turn();
  }
}

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
    const rows = await views.readings(scope, now, { pointId: point.id, from, to, limit: CHUNK, ...place });
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
    const rows = await views.rollups(scope, now, {
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
