import { InvalidArgumentError } from 'commander';

/** A time that a command was given, UTC ms. */
export const parseTime = (text: string): number => {
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new InvalidArgumentError('write a time as 2026-11-21T08:00:00Z.');
  return time;
};

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** `10s`, `500ms`, `1.5h`, `30d`: ms. */
export const parseSpan = (text: string): number => {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? [];
  const factor = UNITS[unit];
  if (amount === undefined || factor === undefined) {
    throw new InvalidArgumentError('give a time such as 500ms, 10s, 5m, 2h or 30d.');
  }
  return Math.round(Number(amount) * factor);
};
