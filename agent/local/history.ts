import type { Configuration, ConfiguredPoint } from '../twin/configuration.js';
import { pointName } from '../twin/directory.js';
import { nearest } from '../../drivers/document/nearest.js';
import type { HistoryRow } from './agent-questions.js';
import type { HistoryPeriod } from './answer-history.js';
import { LocalError } from './errors.js';
import { renderChart } from './history-chart.js';
import { HistoryColumns } from './history-columns.js';
import { localTime, type HistoryFormat } from './history-lines.js';
import { valueOfRow, type HistoryPart, type HistorySource } from './history-source.js';

/** Readings of one question: about 1 MB of JSON. */
const PAGE = 10_000;

/** The point that is meant. Throws `LocalError` 'usage' with the nearest names. */
export const findHistoryPoint = (
  configuration: Pick<Configuration, 'devices'>,
  key: string,
): ConfiguredPoint => {
  const points = configuration.devices.flatMap((device) =>
    device.points.map((point) => [pointName(device.key, point.map.key), point] as const),
  );
  const found = points.find(([name]) => name === key);
  if (found !== undefined) return found[1];
  const names = nearest(
    key,
    points.map(([name]) => name),
  );
  throw new LocalError('usage', `there is no point ${key}; the nearest are ${names.join(', ')}`);
};

/** What is asked of a history. */
export interface HistoryTask {
  readonly source: HistorySource;
  readonly key: string;
  readonly point: ConfiguredPoint;
  readonly period: HistoryPeriod;
  readonly zone: string;
  /** Resolves once more may be written. */
  readonly write: (text: string) => Promise<void>;
  readonly explain: (text: string) => void;
}

async function* pagesOf({ source, period }: HistoryTask): AsyncIterableIterator<HistoryPart> {
  let meant = period;
  for (let after: HistoryPart['next'] = null; ;) {
    const part: HistoryPart = await source.page(meant, after, PAGE);
    yield part;
    if (part.next === null) return;
    after = part.next;
    // as the first answer took it: the clock goes on
    meant = { from: part.fromMs, to: part.toMs };
  }
}

/** Says why there is nothing: the time from which on there is something, where there is. */
const nothing = async (
  { source, key, zone }: HistoryTask,
  { fromMs, toMs }: HistoryPart,
): Promise<LocalError> => {
  const between = `between ${localTime(fromMs, zone)} and ${localTime(toMs, zone)}`;
  for (let after: HistoryPart['next'] = null; ;) {
    const { readings, next } = await source.page({ from: -8.64e15, to: 8.64e15 }, after, 1);
    const [first] = readings;
    if (first !== undefined)
      return new LocalError(
        'empty',
        `nothing of ${key} is kept ${between}; there is from ${localTime(first.time, zone)} on`,
      );
    if (next === null) return new LocalError('empty', `nothing of ${key} is kept here yet`);
    after = next;
  }
};

const explainBegin = ({ explain, zone }: HistoryTask, { fromMs, keptFromMs }: HistoryPart): void => {
  if (keptFromMs !== null && keptFromMs > fromMs)
    explain(`what is kept here begins at ${localTime(keptFromMs, zone)}`);
};

/** Writes each reading of the period. Rejects with `LocalError` 'empty' where there is none. */
export const writeHistory = async (task: HistoryTask, format: HistoryFormat): Promise<void> => {
  let count = 0;
  let last: HistoryPart | undefined;
  for await (const part of pagesOf(task)) {
    last = part;
    if (part.readings.length === 0) continue;
    const head = count === 0 ? format.head : '';
    await task.write(head + format.page(part.readings, count === 0));
    count += part.readings.length;
  }
  if (last === undefined) return;
  if (count === 0) throw await nothing(task, last);
  await task.write(format.tail);
  explainBegin(task, last);
};

const UNSYNCED = 'taken before the clock was known: their times are what the gateway believed, or can bound';

/** Draws the period in `columns` columns. Rejects with `LocalError` 'empty' where nothing is kept of it. */
export const drawHistory = async (task: HistoryTask, columns: number): Promise<void> => {
  const { key, point, zone } = task;
  const { map, kind, intervalMs, maxHoldMs } = point;
  const of = {
    kind,
    intervalMs,
    maxHoldMs,
    ...(map.rollover === undefined ? {} : { rollover: map.rollover }),
  };
  let drawn: HistoryColumns | undefined;
  let [count, unsynced] = [0, 0];
  let [last, newest]: [HistoryPart | undefined, HistoryRow | undefined] = [undefined, undefined];
  for await (const part of pagesOf(task)) {
    last = part;
    drawn ??= new HistoryColumns(of, part.fromMs, part.toMs, columns);
    for (const row of part.readings) {
      drawn.add({ time: row.time, flag: row.flag, value: valueOfRow(row, map.valueType === 'text') });
      if (row.clock === 'unsynced') unsynced += 1;
      newest = row;
    }
    count += part.readings.length;
  }
  if (last === undefined || drawn === undefined) return;
  if (newest === undefined) throw await nothing(task, last);
  const chart = renderChart(
    { kind, ...(map.states === undefined ? {} : { states: map.states }) },
    drawn.all(),
    zone,
  );
  const { fromMs, toMs } = last;
  await task.write(
    [
      `${key}: ${map.name}${map.unit === '' ? '' : `, ${map.unit}`}`,
      ...chart,
      `${localTime(fromMs, zone)} to ${localTime(toMs, zone)} (${zone}), ${count} readings, ` +
        `last ${newest.value ?? 'missing'} at ${localTime(newest.time, zone)}`,
      ...(unsynced === 0 ? [] : [`${unsynced} readings were ${UNSYNCED}`]),
      '',
    ].join('\n'),
  );
  explainBegin(task, last);
};
