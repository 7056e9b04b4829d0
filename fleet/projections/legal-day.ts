import { DateTime, IANAZone } from 'luxon';
import { LRUCache } from 'lru-cache';

/** One civil day, UTC ms: 23, 24 or 25 hours long. */
export interface LegalDay {
  readonly start: number;
  readonly end: number;
}

export interface LegalDays {
  /** The day of `zone` (IANA) that `time` lies in. */
  dayOf(time: number, zone: string): LegalDay;
  isTimeZone(zone: string): boolean;
}

/** Days last asked for, by zone: a few suffice, for points are projected from the same few days. */
const RECENT = 8;
/** More than there are zones in the IANA database. */
const MOST_ZONES = 1_000;

/** Legal days, and names of zones, that remember what was asked last. */
export const createLegalDays = (): LegalDays => {
  const recent = new LRUCache<string, readonly LegalDay[]>({ max: MOST_ZONES });
  const valid = new LRUCache<string, boolean>({ max: MOST_ZONES });
  return {
    dayOf: (time, zone) => {
      const days = recent.get(zone) ?? [];
      const known = days.find(({ start, end }) => time >= start && time < end);
      if (known !== undefined) return known;
      const midnight = DateTime.fromMillis(time, { zone }).startOf('day');
      const day = { start: midnight.toMillis(), end: midnight.plus({ days: 1 }).startOf('day').toMillis() };
      recent.set(zone, [day, ...days.slice(0, RECENT - 1)]);
      return day;
    },
    isTimeZone: (zone) => {
      const known = valid.get(zone) ?? IANAZone.isValidZone(zone);
      valid.set(zone, known);
      return known;
    },
  };
};
