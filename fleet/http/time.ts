import { DateTime } from 'luxon';
import { Type } from 'typebox';
import { HttpError } from './problem.js';

/** UTC ms as ISO 8601 with milliseconds. */
export const isoTime = (time: number): string => new Date(time).toISOString();

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

const DAY_MS = 24 * 3600 * 1000;

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
