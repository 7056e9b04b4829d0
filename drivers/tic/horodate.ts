/** When something was, and whether the meter's clock could be trusted then. */
export interface Horodate {
  /** UTC ms; absent where the season is not told. */
  readonly time?: number;
  readonly clock?: 'sound' | 'degraded';
}

/** What a date without season means: legal time of France, its winter time all year, or UTC. */
export const CLOCKS = ['legal', 'winter', 'utc'] as const;
export type TicClock = (typeof CLOCKS)[number];

const HOUR_MS = 3_600_000;
const CENTURY = 2000;
/** Europe/Paris: winter is UTC+1, summer UTC+2. */
const OFFSETS: Readonly<Record<string, number>> = { H: 1, E: 2 };

/** UTC ms of a civil date as if it were UTC; `undefined` where there is no such date. */
const civil = (parts: readonly string[]): number | undefined => {
  const [year = 0, month = 0, day = 0, hours = 0, minutes = 0, seconds = 0] = parts.map(Number);
  const time = Date.UTC(CENTURY + year, month - 1, day, hours, minutes, seconds);
  const date = new Date(time);
  const exists =
    date.getUTCMonth() === month - 1 &&
    date.getUTCDate() === day &&
    hours < 24 &&
    minutes < 60 &&
    seconds < 60;
  return exists ? time : undefined;
};

/**
 * Reads `SAAMMJJhhmmss` (Enedis-NOI-CPT_54E, 6.2.1.1): the season's letter resolves the hour that comes twice; small,
 * it says that the meter's clock runs degraded; a space, that no season is told. `undefined`: no horodate.
 */
export const parseHorodate = (text: string): Horodate | undefined => {
  const [, season = '', ...parts] = /^([HEhe ])(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(text) ?? [];
  if (season === '') return undefined;
  const local = civil(parts);
  if (local === undefined) return undefined;
  const offset = OFFSETS[season.toUpperCase()];
  if (offset === undefined) return {};
  const clock = season === season.toUpperCase() ? 'sound' : 'degraded';
  return { time: local - offset * HOUR_MS, clock };
};

/** The last Sunday of a month, 01:00 UTC: when European summer time begins and ends (directive 2000/84/EC). */
const changeOf = (year: number, month: number): number => {
  const last = new Date(Date.UTC(year, month + 1, 0, 1));
  return last.getTime() - last.getUTCDay() * 24 * HOUR_MS;
};

const isSummer = (utc: number): boolean => {
  const year = new Date(utc).getUTCFullYear();
  return utc >= changeOf(year, 2) && utc < changeOf(year, 9);
};

/** UTC of a date of legal time; `undefined` in the hour that is left out, and in the one that comes twice. */
const fromLegal = (local: number): number | undefined => {
  const winter = local - HOUR_MS;
  const summer = local - 2 * HOUR_MS;
  const fits = [...(isSummer(winter) ? [] : [winter]), ...(isSummer(summer) ? [summer] : [])];
  return fits.length === 1 ? fits[0] : undefined;
};

/**
 * Reads `JJ/MM/AA hh:mm:ss`, as the meters above 36 kVA write it: UTC ms, where its clock is known and the date means
 * one moment. `exists` is false where it is no date.
 */
export const parseDate = (
  text: string,
  clock: TicClock | undefined,
): { readonly exists: boolean; readonly time?: number } => {
  const [, day = '', month = '', year = '', ...rest] =
    /^(\d\d)\/(\d\d)\/(\d\d)\s+(\d\d):(\d\d)(?::(\d\d))?$/.exec(text.trim()) ?? [];
  const local = day === '' ? undefined : civil([year, month, day, ...rest.map((part) => part ?? '0')]);
  if (local === undefined) return { exists: false };
  if (clock === undefined) return { exists: true };
  const time = clock === 'legal' ? fromLegal(local) : clock === 'winter' ? local - HOUR_MS : local;
  return time === undefined ? { exists: true } : { exists: true, time };
};
