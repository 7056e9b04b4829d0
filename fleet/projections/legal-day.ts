import { DateTime, IANAZone } from 'luxon';
import { Recent } from '../recent.js';

/** One civil day, UTC ms: 23, 24 or 25 hours long. */
export interface LegalDay {
  readonly start: number;
  readonly end: number;
}

/** Days last asked for, by zone: a few suffice, for points are projected from the same few days. */
const RECENT = 8;
/** More than there are zones in the IANA database. */
const MOST_ZONES = 1_000;
const recent = new Recent<string, readonly LegalDay[]>(MOST_ZONES);

/** The day of `zone` (IANA) that `time` lies in. */
export const legalDay = (time: number, zone: string): LegalDay => {
  const days = recent.get(zone) ?? [];
  const known = days.find(({ start, end }) => time >= start && time < end);
  if (known !== undefined) return known;
  const midnight = DateTime.fromMillis(time, { zone }).startOf('day');
  const day = { start: midnight.toMillis(), end: midnight.plus({ days: 1 }).startOf('day').toMillis() };
  recent.set(zone, [day, ...days.slice(0, RECENT - 1)]);
  return day;
};

const valid = new Recent<string, boolean>(MOST_ZONES);

export const isTimeZone = (zone: string): boolean => {
  const known = valid.get(zone) ?? IANAZone.isValidZone(zone);
  valid.set(zone, known);
  return known;
};
