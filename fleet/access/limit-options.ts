import { InvalidArgumentError, type Command } from 'commander';
import { DateTime } from 'luxon';
import { parseTime } from '../parse-time.js';
import { limitOf, type Limit } from '../store/people-store.js';
import type { Organisation } from '../store/registry-store.js';
import { AccessError } from './errors.js';
import type { OperatorPeople } from './open-people.js';

/** What limits a technician's role, as a command is given it. */
export interface LimitOptions {
  readonly site?: string;
  readonly day?: string;
  readonly from?: number;
  readonly until?: number;
}

const parseDay = (text: string): string => {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || !DateTime.fromISO(text).isValid) {
    throw new InvalidArgumentError('write a day as 2026-11-27.');
  }
  return text;
};

export const limitOptions = (command: Command): Command =>
  command
    .option('--site <site>', 'for a technician: at this site alone; its id or name')
    .option('--day <date>', 'for a technician: on this day alone, as the organisation counts days', parseDay)
    .option('--from <time>', 'for a technician: not before, ISO 8601', parseTime)
    .option('--until <time>', 'for a technician: no longer than, ISO 8601', parseTime);

/** The limit that the options ask for; none where they ask for none. */
export const limitFrom = (
  { registry }: Pick<OperatorPeople, 'registry'>,
  { timeZone }: Organisation,
  { site, day, from, until }: LimitOptions,
): { readonly limit?: Limit } => {
  if (day !== undefined && (from !== undefined || until !== undefined)) {
    throw new AccessError('bad-request', 'Give --day, or --from and --until.');
  }
  const period = day === undefined ? { from, to: until } : dayIn(day, timeZone);
  return limitOf({ ...period, siteId: site === undefined ? undefined : siteNamed(registry, site) });
};

const dayIn = (day: string, zone: string) => {
  const midnight = DateTime.fromISO(day, { zone }).startOf('day');
  return { from: midnight.toMillis(), to: midnight.plus({ days: 1 }).startOf('day').toMillis() };
};

/** Id of the site that a text means: its id, or a name that only one has. Throws `AccessError`. */
export const siteNamed = (registry: Pick<OperatorPeople['registry'], 'records'>, text: string): string => {
  const found = registry
    .records('site', { mergedInto: null })
    .filter(({ id, name }) => id === text || name === text);
  const [only] = found;
  if (only === undefined) throw new AccessError('not-found', `There is no site ${text}.`);
  if (found.length > 1) {
    throw new AccessError('conflict', `Several sites are called ${text}: give the id of one.`);
  }
  return only.id;
};

/** A limit for people: where, and from when to when. */
export const limitText = ({ siteId, from, to }: Limit, nameOf: (siteId: string) => string): string =>
  [
    siteId === undefined ? '' : `at ${nameOf(siteId)}`,
    from === undefined ? '' : `from ${minuteOf(from)}`,
    to === undefined ? '' : `until ${minuteOf(to)}`,
  ]
    .filter((part) => part !== '')
    .join(' ');

const minuteOf = (time: number): string => `${new Date(time).toISOString().slice(0, 16)}Z`;
