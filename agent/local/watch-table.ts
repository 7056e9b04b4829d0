import { hintsFor, type Hint, type UnitObservation } from '../../drivers/modbus/doctor/hints.js';
import type { BusReport, LatestReport } from './status-report.js';
import type { UnitReport } from './unit-report.js';

/** What is watched: the last value of each point, and what each device's line did. */
export interface WatchView {
  readonly latest: readonly LatestReport[];
  readonly buses: readonly Pick<BusReport, 'key' | 'units' | 'load'>[];
}

/** A hint and the bus that it concerns. */
export interface BusHint extends Hint {
  readonly bus: string;
}

const FLAGS: ReadonlyMap<number, string> = new Map([
  [1, 'good'],
  [2, 'not evaluated'],
  [3, 'suspect'],
  [4, 'bad'],
  [9, 'missing'],
]);
/** More digits than any dial shows. */
const DIGITS = 7;

/** Only one device of a view; all where none is named. */
export const only = (view: WatchView, device: string | undefined): WatchView =>
  device === undefined
    ? view
    : {
        latest: view.latest.filter((each) => each.device === device),
        buses: view.buses.filter(({ units }) => units.some((unit) => unit.device === device)),
      };

const observation = (unit: UnitReport, latest: readonly LatestReport[]): UnitObservation => ({
  ...unit,
  unit: unit.device,
  faults: latest.flatMap(({ device, fault }) => (device === unit.device && fault !== null ? [fault] : [])),
});

/** What the counters mean; a line's devices are judged together. */
export const viewHints = ({ buses, latest }: WatchView): readonly BusHint[] =>
  buses.flatMap(({ key, units }) =>
    hintsFor(units.map((unit) => observation(unit, latest))).map((hint) => ({ ...hint, bus: key })),
  );

const valueText = ({ value }: LatestReport): string => {
  if (value === null) return '–';
  return typeof value === 'number' && !Number.isSafeInteger(value)
    ? String(Number(value.toPrecision(DIGITS)))
    : String(value);
};

const qualityText = ({ flag, reason, fault }: LatestReport): string => {
  const why = fault ?? (reason === 'none' ? '' : reason);
  const quality = FLAGS.get(flag) ?? String(flag);
  return why === '' ? quality : `${quality}: ${why}`;
};

const columns = (rows: readonly (readonly string[])[], right: readonly number[]): readonly string[] => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => {
    const cells = row.map((cell, column) =>
      right.includes(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
    );
    return `  ${cells.join('  ')}`.trimEnd();
  });
};

const age = (time: number, now: number): string => {
  const seconds = Math.max(0, Math.round((now - time) / 1000));
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
};

const unitRow = (bus: string, unit: UnitReport): readonly string[] => [
  unit.device,
  bus,
  ...[unit.ok, unit.timeouts, unit.checksumErrors, unit.frameErrors, unit.exceptions, unit.lateReplies].map(
    String,
  ),
  unit.turnaroundMs === null ? '–' : `${Math.round(unit.turnaroundMs)} ms`,
  unit.breaker === 'closed' ? '' : 'silent, probed now and then',
];

const UNIT_HEADINGS = ['device', 'bus', 'ok', 'silent', 'crc', 'frame', 'exc', 'late', 'answers in', ''];
const UNIT_NUMBERS = [2, 3, 4, 5, 6, 7, 8];

/** A hint as a line. */
export const hintLine = ({ bus, unit, text }: BusHint): string =>
  `${unit === undefined ? `bus ${bus}` : `${unit} on ${bus}`}: ${text}`;

/** The whole view, drawn anew at each refresh; `nowMs` is UTC. */
export const renderWatch = (view: WatchView, device: string | undefined, nowMs: number): string => {
  const shown = only(view, device);
  const points = shown.latest.map((latest) => [
    `${latest.device}/${latest.point}`,
    valueText(latest),
    latest.unit,
    qualityText(latest),
    age(latest.time, nowMs),
  ]);
  const units = shown.buses.flatMap(({ key, units }) =>
    units.filter((unit) => device === undefined || unit.device === device).map((unit) => unitRow(key, unit)),
  );
  const hints = viewHints(shown).filter(
    ({ unit }) => unit === undefined || device === undefined || unit === device,
  );
  return [
    ...columns([['point', 'value', 'unit', 'quality', 'age'], ...points], [1]),
    '',
    ...columns([UNIT_HEADINGS, ...units], UNIT_NUMBERS),
    ...(hints.length === 0 ? [] : ['', ...hints.map((hint) => `! ${hintLine(hint)}`)]),
  ].join('\n');
};

/** One new reading as a line, for whoever cannot draw over. */
export const readingLine = (latest: LatestReport): string =>
  [
    new Date(latest.time).toISOString(),
    `${latest.device}/${latest.point}`,
    valueText(latest),
    latest.unit,
    qualityText(latest),
  ].join('  ');
