/** A point in time as a device keeps it: local time of its own, without a zone. */
export type PointInTime =
  | {
      /** ISO 8601 without a zone: `2026-11-21`, `2026-11-21T10:35`, `2026-11-21T10:35:20`, `10:35:20`. */
      readonly text: string;
      /** As if it were UTC, ms; absent: a time of day. */
      readonly localMs?: number;
      /** The device says that its time is summer time. */
      readonly summer: boolean;
    }
  | { readonly problem: string; readonly code: 'decode' | 'sentinel' };

const EVERY_MONTH = 15;
const EVERY_YEAR = 127;
const EVERY_DAY = 0;
const EVERY_HOUR = 31;
const EVERY_MINUTE = 63;
/** Two-digit years to here are of this century, the others of the last (EN 13757-3, annex A, type F and G). */
const LAST_YEAR_OF_2000 = 80;

const pad = (number: number, digits = 2): string => String(number).padStart(digits, '0');
const at = (bytes: Uint8Array, index: number): number => bytes[index] ?? 0;

const invalid = (what: string): PointInTime => ({ problem: what, code: 'decode' });
const none = (what: string): PointInTime => ({ problem: what, code: 'sentinel' });

interface CivilDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}
type DateReading = CivilDate | Extract<PointInTime, { readonly problem: string }>;

const problem = (what: string, code: 'decode' | 'sentinel'): Extract<PointInTime, { problem: string }> => ({
  problem: what,
  code,
});

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const isLeap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
const daysIn = (year: number, month: number): number =>
  month === 2 && isLeap(year) ? 29 : (DAYS[month - 1] ?? 0);

/** Day, month and year as types F, G and I share them: 16 bits; `hundreds` is the hundred-year code of type F. */
const readDate = (low: number, high: number, hundreds: number): DateReading => {
  const day = low & 0x1f;
  const month = high & 0x0f;
  const year = (low >> 5) | ((high & 0xf0) >> 1);
  if (low === 0 && high === 0) return problem('no date (all bits are 0)', 'sentinel');
  if (low === 0xff && high === 0xff) return problem('no date (all bits are 1)', 'sentinel');
  if (day === EVERY_DAY || month === EVERY_MONTH || year === EVERY_YEAR) {
    const parts = [
      year === EVERY_YEAR ? 'every year' : pad(year),
      month === EVERY_MONTH ? 'every month' : pad(month),
      day === EVERY_DAY ? 'every day' : pad(day),
    ];
    return problem(`a recurring date is no date: ${parts.join(', ')}`, 'sentinel');
  }
  if (year > 99) return problem(`year ${year} is none of a date: 0 to 99`, 'decode');
  const century = hundreds > 0 ? 1900 + 100 * hundreds : year <= LAST_YEAR_OF_2000 ? 2000 : 1900;
  const whole = century + year;
  if (month < 1 || month > 12) return problem(`there is no month ${month}`, 'decode');
  if (day > daysIn(whole, month)) return problem(`there is no ${whole}-${pad(month)}-${pad(day)}`, 'decode');
  return { year: whole, month, day };
};

const dateText = ({ year, month, day }: CivilDate): string => `${pad(year, 4)}-${pad(month)}-${pad(day)}`;

/** Type G: 16 bits. */
const decodeG = (bytes: Uint8Array): PointInTime => {
  const date = readDate(at(bytes, 0), at(bytes, 1), 0);
  if ('problem' in date) return date;
  const localMs = Date.UTC(date.year, date.month - 1, date.day);
  return { text: dateText(date), localMs, summer: false };
};

const checkTime = (hour: number, minute: number, second: number): PointInTime | undefined => {
  if (hour === EVERY_HOUR || minute === EVERY_MINUTE || second === EVERY_MINUTE)
    return none('a recurring time is no time');
  if (hour > 23 || minute > 59 || second > 59)
    return invalid(`there is no time ${pad(hour)}:${pad(minute)}:${pad(second)}`);
  return undefined;
};

/** Type F: 32 bits. */
const decodeF = (bytes: Uint8Array): PointInTime => {
  const [first, second] = [at(bytes, 0), at(bytes, 1)];
  if ((first & 0x80) !== 0) return none('the device says that this time is invalid');
  const date = readDate(at(bytes, 2), at(bytes, 3), (second >> 5) & 3);
  if ('problem' in date) return date;
  const [hour, minute] = [second & 0x1f, first & 0x3f];
  const fault = checkTime(hour, minute, 0);
  if (fault !== undefined) return fault;
  return {
    text: `${dateText(date)}T${pad(hour)}:${pad(minute)}`,
    localMs: Date.UTC(date.year, date.month - 1, date.day, hour, minute),
    summer: (second & 0x80) !== 0,
  };
};

/** Type I: 48 bits. */
const decodeI = (bytes: Uint8Array): PointInTime => {
  if ((at(bytes, 1) & 0x80) !== 0) return none('the device says that this time is invalid');
  const date = readDate(at(bytes, 3), at(bytes, 4), 0);
  if ('problem' in date) return date;
  const [second, minute, hour] = [at(bytes, 0) & 0x3f, at(bytes, 1) & 0x3f, at(bytes, 2) & 0x1f];
  const fault = checkTime(hour, minute, second);
  if (fault !== undefined) return fault;
  return {
    text: `${dateText(date)}T${pad(hour)}:${pad(minute)}:${pad(second)}`,
    localMs: Date.UTC(date.year, date.month - 1, date.day, hour, minute, second),
    summer: (at(bytes, 0) & 0x40) !== 0,
  };
};

/** Type J: 24 bits, a time of day. */
const decodeJ = (bytes: Uint8Array): PointInTime => {
  const [second, minute, hour] = [at(bytes, 0) & 0x3f, at(bytes, 1) & 0x3f, at(bytes, 2) & 0x1f];
  const fault = checkTime(hour, minute, second);
  return fault ?? { text: `${pad(hour)}:${pad(minute)}:${pad(second)}`, summer: false };
};

const BY_LENGTH: Readonly<Record<number, (bytes: Uint8Array) => PointInTime>> = {
  2: decodeG,
  3: decodeJ,
  4: decodeF,
  6: decodeI,
};

/** A date or time by its length (EN 13757-3, annex A, types F, G, I, J); the least significant byte first. */
export const decodePointInTime = (bytes: Uint8Array): PointInTime =>
  BY_LENGTH[bytes.length]?.(bytes) ?? invalid(`a date or time has 2, 3, 4 or 6 bytes, not ${bytes.length}`);
