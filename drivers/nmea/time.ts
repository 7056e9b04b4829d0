import type { Sentence } from './sentence.js';

const HOURS = /^([01]\d|2[0-3])([0-5]\d)([0-5]\d|60)(?:\.(\d{0,9}))?$/;
/** Two digits of a year from 80 on are of the last century: GPS began in 1980. */
const PIVOT = 80;
/** A ten-bit week counter starts anew after so long. */
const ROLLOVER_MS = 1024 * 7 * 86_400_000;
/** Modes that are made from satellites: autonomous, differential, precise, float and real-time kinematic. */
const MEASURED = 'ADPFR';

/** Ms of the day of `hhmmss.sss`; `undefined` where it is none. A leap second is the first of the next minute. */
export const timeOfDay = (text: string): number | undefined => {
  const [, hours, minutes, seconds, fraction = ''] = HOURS.exec(text) ?? [];
  if (hours === undefined) return undefined;
  const ms = Math.floor(Number(`0.${fraction}0`) * 1000);
  return ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000 + ms;
};

const midnight = (year: number, month: number, day: number): number | undefined => {
  const time = Date.UTC(year, month - 1, day);
  const date = new Date(time);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? time : undefined;
};

const sum = (day: number | undefined, time: number | undefined): number | undefined =>
  day === undefined || time === undefined ? undefined : day + time;

const rmcTime = ({ fields }: Sentence): number | undefined => {
  const [time = '', status] = fields;
  const [, day, month, year] = /^(\d\d)(\d\d)(\d\d)$/.exec(fields[8] ?? '') ?? [];
  // Before version 2.3 there is no mode.
  const mode = fields[11] ?? '';
  const measured = mode === '' || MEASURED.includes(mode);
  if (status !== 'A' || !measured || year === undefined) return undefined;
  const century = Number(year) >= PIVOT ? 1900 : 2000;
  return sum(midnight(century + Number(year), Number(month), Number(day)), timeOfDay(time));
};

const zdaTime = ({ fields }: Sentence): number | undefined => {
  const [time = '', day = '', month = '', year = ''] = fields;
  if (!/^\d{1,2}$/.test(day) || !/^\d{1,2}$/.test(month) || !/^\d{4}$/.test(year)) return undefined;
  return sum(midnight(Number(year), Number(month), Number(day)), timeOfDay(time));
};

/**
 * UTC ms that a sentence with a date says: RMC where its status is valid and it is made from satellites, ZDA (which has no status). As it stands: a
 * receiver whose week counter has rolled over says a date 1024 weeks ago.
 */
export const sentenceTime = (sentence: Sentence): number | undefined => {
  if (sentence.type === 'RMC') return rmcTime(sentence);
  return sentence.type === 'ZDA' ? zdaTime(sentence) : undefined;
};

/** A receiver's time set right where it lies before `earliest`: its week counter has rolled over since. UTC ms. */
export const unrollWeeks = (time: number, earliest: number): number =>
  time + Math.max(0, Math.ceil((earliest - time) / ROLLOVER_MS)) * ROLLOVER_MS;
