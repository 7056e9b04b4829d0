import { DateTime } from 'luxon';
import type { Clock } from '../clock/clock.js';
import type { BusDeps } from '../../drivers/driver.js';

/** The clock may be set in between: it is looked at this often, ms. */
const LOOK_MS = 60_000;

/** The next midnight of civil time after `time`, UTC ms; `zone` is an IANA name. Days have 23 to 25 hours. */
export const nextMidnight = (time: number, zone: string): number =>
  DateTime.fromMillis(time, { zone }).startOf('day').plus({ days: 1 }).startOf('day').toMillis();

export interface MidnightDeps {
  readonly clock: Pick<Clock, 'now'>;
  readonly delay: BusDeps['delay'];
  readonly zone: string;
  readonly onMidnight: () => void;
}

/** Calls at each local midnight that comes while the clock knows the time; resolves when the signal aborts. */
export const watchMidnight = async (
  { clock, delay, zone, onMidnight }: MidnightDeps,
  signal: AbortSignal,
): Promise<void> => {
  let expected: number | undefined;
  while (!signal.aborted) {
    const { time, state } = clock.now();
    const known = state !== 'unsynced';
    if (known && expected !== undefined && time >= expected) onMidnight();
    expected = known ? nextMidnight(time, zone) : undefined;
    const wait = expected === undefined ? LOOK_MS : Math.min(expected - time, LOOK_MS);
    await delay(Math.max(wait, 1), signal).catch(() => undefined);
  }
};
