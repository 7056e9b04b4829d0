import { once } from 'node:events';
import { DateTime } from 'luxon';
import { readConfiguration } from '../../twin/configuration-file.js';
import type { HistoryPeriod } from '../answer-history.js';
import { LocalError } from '../errors.js';
import { drawHistory, findHistoryPoint, writeHistory, type HistoryTask } from '../history.js';
import { HISTORY_FORMATS } from '../history-lines.js';
import { openHistory } from '../history-source.js';
import { EXIT } from './exit-codes.js';
import type { Output } from './output.js';

export interface HistoryOptions {
  readonly config: string;
  readonly profiles: readonly string[];
  readonly point: string;
  /** ISO 8601, in the gateway's civil time where no other is named. */
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly lastMs: number | undefined;
  readonly format: 'chart' | keyof typeof HISTORY_FORMATS;
  /** Width of what is drawn, characters. */
  readonly width: number;
}

const DAY_MS = 86_400_000;
/** Left of a chart: its labels and their edge. */
const MARGIN = 12;
const LEAST_COLUMNS = 24;

const timeOf = (name: string, text: string, zone: string): number => {
  const time = DateTime.fromISO(text, { zone });
  if (time.isValid) return time.toMillis();
  const samples = '2026-11-27, 2026-11-27T08:30 or 2026-11-27T07:30Z';
  throw new LocalError('usage', `${name} ${text} is no time; write it as ${samples}`);
};

const periodOf = ({ from, to, lastMs }: HistoryOptions, zone: string): HistoryPeriod => {
  if (from === undefined && to === undefined) return { lastMs: lastMs ?? DAY_MS };
  if (lastMs !== undefined) throw new LocalError('usage', 'give --last, or --from and --to');
  const end = to === undefined ? undefined : timeOf('--to', to, zone);
  if (from === undefined) return { from: (end ?? 0) - DAY_MS, ...(end === undefined ? {} : { to: end }) };
  const begin = timeOf('--from', from, zone);
  if (end !== undefined && end <= begin) throw new LocalError('usage', '--to is not after --from');
  return { from: begin, ...(end === undefined ? {} : { to: end }) };
};

/** Writes to a stream no faster than it is read. */
export const pacedWrite =
  (stream: NodeJS.WritableStream) =>
  async (text: string): Promise<void> => {
    if (text !== '' && !stream.write(text)) await once(stream, 'drain');
  };

/** Shows what is stored of one point: of the running agent, or of its file where none runs. Fails where there is nothing. */
export const historyCommand = async (
  options: HistoryOptions,
  output: Pick<Output, 'explain'>,
  write: HistoryTask['write'],
  signal: AbortSignal,
): Promise<number> => {
  const configuration = readConfiguration(options.config, options.profiles);
  const { timezone: zone } = configuration;
  const point = findHistoryPoint(configuration, options.point);
  const period = periodOf(options, zone);
  const source = await openHistory(configuration, options.point, signal);
  const about = { source, key: options.point, point, period, zone };
  const task: HistoryTask = { ...about, write, explain: (text) => output.explain(text) };
  try {
    const { format, width } = options;
    const shown = format === 'chart' && point.kind === 'text' ? 'table' : format;
    if (shown === 'chart') await drawHistory(task, Math.max(LEAST_COLUMNS, width - MARGIN));
    else await writeHistory(task, HISTORY_FORMATS[shown]({ key: options.point, map: point.map, zone }));
    return EXIT.done;
  } finally {
    source.close();
  }
};
