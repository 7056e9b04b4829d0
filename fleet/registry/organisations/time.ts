import { DateTime } from 'luxon';
import { OrganisationError } from './errors.js';

/** ISO 8601 to UTC ms; without an offset, in `zone`: a date alone is a midnight there. */
export const timeOf = (field: string, text: string, zone: string): number => {
  const parsed = DateTime.fromISO(text, { zone });
  if (parsed.isValid) return parsed.toMillis();
  throw new OrganisationError(
    'invalid',
    `${field}: "${text}" is no time such as 2026-01-01 or 2026-01-01T08:00:00Z.`,
  );
};
