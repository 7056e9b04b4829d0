/** How far apart the elements of a compact profile are (EN 13757-3, annex F, "Spacing value"). */
export type Spacing =
  | { readonly unit: 'ms'; readonly step: number }
  | { readonly unit: 'month'; readonly step: number }
  | { readonly unit: 'half-month' };

const LONGEST_PLAIN = 250;
const HALF_MONTH = 253;
const MONTHS = 254;
const UNIT_MS = [1000, 60_000, 3_600_000, 86_400_000] as const;
/** By the two bits of the spacing unit. */
const MONTHS_OF_UNIT = [undefined, 6, 3, 1] as const;
const DAYS = 3;

/** By unit (two bits) and value; `problem` where there is none in time. */
export const readSpacing = (unit: number, value: number): Spacing | { readonly problem: string } => {
  if (value === 0) return { problem: `its elements are column ${unit + 1} of an array, not spaced in time` };
  if (value <= LONGEST_PLAIN) return { unit: 'ms', step: value * (UNIT_MS[unit] ?? 0) };
  if (value === HALF_MONTH && unit === DAYS) return { unit: 'half-month' };
  const months = value === MONTHS ? MONTHS_OF_UNIT[unit] : undefined;
  if (months !== undefined) return { unit: 'month', step: months };
  return { problem: `the spacing ${value} of unit ${unit} is reserved` };
};

interface Civil {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  /** Within the day. */
  readonly ms: number;
}

const civil = (localMs: number): Civil => {
  const date = new Date(localMs);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  return { year, month, day, ms: localMs - Date.UTC(year, month, day) };
};

const lastDay = (year: number, month: number): number => new Date(Date.UTC(year, month + 1, 0)).getUTCDate();

/** The last day of a month stays the last day; a day that a month lacks is its last. */
const addMonths = (localMs: number, months: number): number => {
  const { year, month, day, ms } = civil(localMs);
  const last = lastDay(year, month + months);
  return Date.UTC(year, month + months, day === lastDay(year, month) ? last : Math.min(day, last)) + ms;
};

const MIDDLE = 15;

/** From the 1st to the 16th and on, or from the 15th to the last day; what else half a month would be, nothing says. */
const addHalfMonths = (localMs: number, halves: number): number | undefined => {
  const { year, month, day, ms } = civil(localMs);
  const first = day === 1 || day === MIDDLE;
  const begins = day === 1 || day === MIDDLE + 1;
  if (!first && !begins && day !== lastDay(year, month)) return undefined;
  const at = halves + (first ? 0 : 1);
  const to = month + Math.floor(at / 2);
  if (begins) return Date.UTC(year, to, at % 2 === 0 ? 1 : MIDDLE + 1) + ms;
  return Date.UTC(year, to, at % 2 === 0 ? MIDDLE : lastDay(year, to)) + ms;
};

/** The time `steps` elements after (before, where negative) a base; `undefined` where the base has none such. */
export const spacedTime = (localMs: number, spacing: Spacing, steps: number): number | undefined => {
  if (spacing.unit === 'ms') return localMs + steps * spacing.step;
  if (spacing.unit === 'month') return addMonths(localMs, steps * spacing.step);
  return addHalfMonths(localMs, steps);
};
