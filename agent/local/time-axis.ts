import { DateTime } from 'luxon';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * 1_000),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR),
  ...[1, 2, 7, 14, 30, 90, 365].map((days) => days * DAY),
];
/** Columns from one label to the next, at least. */
const APART = 12;

/** The next round time after one, of civil time: days have 23 to 25 hours. */
const following = (time: DateTime, step: number): DateTime => {
  const day = time.startOf('day');
  if (step >= DAY) return day.plus({ days: Math.round(step / DAY) });
  const next = time.plus({ milliseconds: step });
  const midnight = day.plus({ days: 1 });
  return next > midnight ? midnight : next;
};

const labelOf = (time: DateTime, step: number): string => {
  if (time.equals(time.startOf('day'))) return time.toFormat('d LLL', { locale: 'en' });
  return time.toFormat(step < MINUTE ? 'HH:mm:ss' : 'HH:mm');
};

/** Ticks and their labels under `columns` columns of [fromMs, toMs), UTC ms, in the civil time of a zone. */
export const timeAxis = (
  fromMs: number,
  toMs: number,
  columns: number,
  zone: string,
): { readonly ticks: string; readonly labels: string } => {
  const columnMs = (toMs - fromMs) / columns;
  const step = STEPS.find((candidate) => candidate >= APART * columnMs) ?? 365 * DAY;
  const ticks = Array.from({ length: columns }, () => '─');
  let labels = '';
  const day = DateTime.fromMillis(fromMs, { zone }).startOf('day');
  const passed = step >= DAY ? 0 : Math.floor((fromMs - day.toMillis()) / step) * step;
  for (
    let time: DateTime = day.plus({ milliseconds: passed });
    time.toMillis() < toMs;
    time = following(time, step)
  ) {
    const at = Math.ceil((time.toMillis() - fromMs) / columnMs);
    const label = labelOf(time, step);
    if (at < 0 || at >= columns) continue;
    ticks[at] = '┬';
    const begin = Math.max(0, Math.min(at - Math.floor(label.length / 2), columns - label.length));
    if (begin > 0 && begin <= labels.length) continue;
    labels = labels.padEnd(begin) + label;
  }
  return { ticks: ticks.join(''), labels };
};
