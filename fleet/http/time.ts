import { DateTime } from 'luxon';
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
