import type { Flag, Reason, Value } from '#wire/terms.js';
import type { ConfiguredPoint, Deadband } from '../twin/configuration.js';
import { distance } from './quality-tests.js';

/** The last reading of a point that goes out raw. `at` is monotonic ms. */
export interface Reported {
  readonly value: Value | null;
  readonly flag: Flag;
  readonly reason: Reason;
  readonly at: number;
}

type Rule = Pick<ConfiguredPoint, 'deadband' | 'minReportMs' | 'heartbeatMs' | 'intervalMs' | 'kind'>;

/** The deadband in the point's unit, around the last value sent. */
const widthOf = (deadband: Deadband, last: Value | null): number => {
  if ('absolute' in deadband) return deadband.absolute;
  return typeof last === 'number' || typeof last === 'bigint'
    ? (Math.abs(Number(last)) * deadband.percent) / 100
    : 0;
};

const inside = (rule: Rule, deadband: number, a: Value | null, b: Value | null): boolean => {
  if (a === b) return true;
  if (a === null || b === null) return false;
  const apart = distance(rule.kind, a, b);
  return apart !== undefined && apart <= deadband;
};

/**
 * Whether a reading is held back: stored, but not sent raw. It is while it stays within the deadband of the last
 * one sent and the heartbeat is not due, and while the last one sent is younger than the shortest time between two. A change of flag or reason is always sent. Half an interval of grace
 * keeps the heartbeat from slipping by a whole poll when one comes a moment early.
 */
export const isHeld = (rule: Rule, last: Reported | undefined, reading: Reported): boolean => {
  if (last === undefined || reading.flag !== last.flag || reading.reason !== last.reason) return false;
  const since = reading.at - last.at + rule.intervalMs / 2;
  if (since >= rule.heartbeatMs) return false;
  if (rule.minReportMs !== undefined && since < rule.minReportMs) return true;
  return (
    rule.deadband !== undefined && inside(rule, widthOf(rule.deadband, last.value), last.value, reading.value)
  );
};
