import { DateTime } from 'luxon';
import type { ProfilePoint } from '../../drivers/profile.js';
import type { HistoryRow } from './agent-questions.js';

/** The point whose readings are written. */
export interface LinesPoint {
  /** `<device>/<point>`. */
  readonly key: string;
  readonly map: Pick<ProfilePoint, 'name' | 'unit' | 'states'>;
  /** IANA zone of the times that people read. */
  readonly zone: string;
}

/** How readings are written, a page at a time. */
export interface HistoryFormat {
  readonly head: string;
  /** One page; `first` is the first that is not empty. */
  readonly page: (rows: readonly HistoryRow[], first: boolean) => string;
  readonly tail: string;
}

const FLAGS: ReadonlyMap<number, string> = new Map([
  [1, 'good'],
  [2, 'not evaluated'],
  [3, 'suspect'],
  [4, 'bad'],
  [9, 'missing'],
]);

const iso = (utcMs: number): string => new Date(utcMs).toISOString();

/** A local time as people read it, with its distance from UTC. */
export const localTime = (utcMs: number, zone: string): string =>
  DateTime.fromMillis(utcMs, { zone }).toFormat('yyyy-MM-dd HH:mm:ss ZZ');

/** A doubt beyond this says nothing, ms. */
const MOST_TOLD_MS = 366 * 86_400_000;

const quality = ({ flag, reason, clock, uncertaintyMs }: HistoryRow): string => {
  const doubt =
    uncertaintyMs === 0 || uncertaintyMs > MOST_TOLD_MS ? '' : `, ± ${Math.ceil(uncertaintyMs / 1_000)} s`;
  return [
    FLAGS.get(flag) ?? String(flag),
    ...(reason === 'none' ? [] : [`: ${reason}`]),
    ...(clock === 'synced' ? [] : [` (clock ${clock}${doubt})`]),
  ].join('');
};

const table = ({ map, zone }: LinesPoint): HistoryFormat => ({
  head: '',
  page: (rows) =>
    rows
      .map((row) => {
        const value = row.value === null ? '–' : String(row.value);
        const state = map.states?.[value];
        const shown = state === undefined ? `${value} ${map.unit}` : `${value} (${state})`;
        return `${localTime(row.time, zone)}  ${shown.padEnd(16)}  ${quality(row)}\n`;
      })
      .join(''),
  tail: '',
});

/** RFC 4180. */
const cell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

const csv = ({ map }: LinesPoint): HistoryFormat => ({
  head: 'time,value,unit,flag,reason,clock,uncertaintyMs\r\n',
  page: (rows) =>
    rows
      .map(({ time, value, flag, reason, clock, uncertaintyMs }) => {
        const cells = [iso(time), value ?? '', map.unit, flag, reason, clock, uncertaintyMs];
        return `${cells.map((each) => cell(String(each))).join(',')}\r\n`;
      })
      .join(''),
  tail: '',
});

const json = ({ key, map }: LinesPoint): HistoryFormat => {
  const about = JSON.stringify({ point: key, name: map.name, unit: map.unit });
  return {
    head: `${about.slice(0, -1)},"readings":[`,
    page: (rows, first) =>
      rows.map((row, at) => `${first && at === 0 ? '' : ','}\n${JSON.stringify(row)}`).join(''),
    tail: '\n]}\n',
  };
};

/** The ways in which each reading is written; a chart has none of them. */
export const HISTORY_FORMATS = { table, csv, json } as const;
