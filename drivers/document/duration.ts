import { Type } from 'typebox';

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = /^([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)$/;

/** A duration as people write it: `500ms`, `10s`, `15m`, `1h`. */
export const DurationText = Type.String({
  pattern: DURATION.source,
  description: 'a duration such as 500ms, 10s, 15m or 1h',
});

/** Whole milliseconds of a duration; 0 for what is none (the schema has refused it before). */
export const durationMs = (text: string): number => {
  const [, number = '0', unit = 'ms'] = DURATION.exec(text) ?? [];
  return Math.round(Number(number) * (UNITS_MS[unit] ?? 1));
};

/** The shortest way to write whole milliseconds. */
export const formatDuration = (ms: number): string => {
  const unit =
    (['d', 'h', 'm', 's'] as const).find((name) => ms > 0 && ms % (UNITS_MS[name] ?? 1) === 0) ?? 'ms';
  return `${ms / (UNITS_MS[unit] ?? 1)}${unit}`;
};
