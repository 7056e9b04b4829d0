import { InvalidArgumentError } from 'commander';

/** A time that a command was given, UTC ms. */
export const parseTime = (text: string): number => {
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new InvalidArgumentError('write a time as 2026-11-21T08:00:00Z.');
  return time;
};
