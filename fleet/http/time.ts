import { DateTime } from 'luxon';
import { Type } from 'typebox';
import { HttpError } from './problem.js';

const DAY_MS = 24 * 3600 * 1000;
const SECOND_MS = 1000;
const digits = (length: number, count: number): readonly string[] =>
  Array.from({ length: count }, (_, number) => String(number).padStart(length, '0'));
const TWO = digits(2, 60);
const THREE = digits(3, SECOND_MS);

/** The day of the last time written, and its text up to the hour: rows come in the order of their times. */
let lastDay = { number: NaN, text: '' };

const dayText = (number: number): string => {
  if (number !== lastDay.number)
    lastDay = { number, text: new Date(number * DAY_MS).toISOString().slice(0, -13) };
  return lastDay.text;
};

/** UTC ms as ISO 8601 with milliseconds, as `Date` writes it, which took a tenth of the time of an export. */
export const isoTime = (time: number): string => {
  const day = Math.floor(time / DAY_MS);
  const start = dayText(day);
  const ms = Math.trunc(time) - day * DAY_MS;
  const seconds = Math.floor(ms / SECOND_MS);
  const minutes = Math.floor(seconds / 60);
  return `${start}${TWO[Math.floor(minutes / 60)]}:${TWO[minutes % 60]}:${TWO[seconds % 60]}.${THREE[ms % SECOND_MS]}Z`;
};

/** ISO 8601 text with an offset (or a date alone, UTC) to UTC ms. Throws `HttpError` naming the parameter. */
export const parseTime = (parameter: string, text: string): number => {
  const parsed = DateTime.fromISO(text, { zone: 'utc' });
  if (!parsed.isValid) {
    throw new HttpError(
      'bad-request',
      `${parameter}: "${text}" is no ISO 8601 time such as 2026-01-31T08:00:00Z.`,
    );
  }
  return parsed.toMillis();
};

/** Query parameters of a period. */
export const PERIOD_QUERY = {
  from: Type.Optional(
    Type.String({ maxLength: 40, description: 'ISO 8601, inclusive; a day before `to` by default.' }),
  ),
  to: Type.Optional(Type.String({ maxLength: 40, description: 'ISO 8601, exclusive; now by default.' })),
};

/** The period asked for. Throws `HttpError` `bad-request` on one that is none. */
export const periodOf = (
  query: { readonly from?: string; readonly to?: string },
  now: number,
): { readonly from: number; readonly to: number } => {
  const to = query.to === undefined ? now : parseTime('to', query.to);
  const from = query.from === undefined ? to - DAY_MS : parseTime('from', query.from);
  if (from >= to) throw new HttpError('bad-request', 'from: must be earlier than to.');
  return { from, to };
};
