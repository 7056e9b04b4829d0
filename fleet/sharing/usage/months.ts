import { DateTime } from 'luxon';

/** A legal month, or the part of one that is asked for: [from, to), UTC ms. */
export interface Month {
  /** `2026-11` */
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** The legal months of a zone in [from, to). */
export const monthsOf = (from: number, to: number, timeZone: string): readonly Month[] => {
  const months: Month[] = [];
  let begin = DateTime.fromMillis(from, { zone: timeZone });
  while (begin.toMillis() < to) {
    const next = begin.startOf('month').plus({ months: 1 });
    months.push({
      name: begin.toFormat('yyyy-MM'),
      from: begin.toMillis(),
      to: Math.min(to, next.toMillis()),
    });
    begin = next;
  }
  return months;
};

/** Begin of the month that lies so many months before that of a time. */
export const monthBefore = (time: number, months: number, timeZone: string): number =>
  DateTime.fromMillis(time, { zone: timeZone }).startOf('month').minus({ months }).toMillis();
