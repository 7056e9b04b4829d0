import type { Doubt, Sample } from '../../drivers/sample.js';
import type { Moment } from '../clock/clock.js';

const DAY_MS = 86_400_000;
/** Half of the 1024 weeks after which the week counter of a GNSS receiver begins anew: a ten years' wrong date is its. */
const ROLLED_OVER_MS = 512 * 7 * DAY_MS;

/** A device's time that lies so far ahead of the reading's is no time at which anything was true. */
const isAhead = (
  { deviceTime }: Pick<Sample, 'deviceTime'>,
  { time, state }: Pick<Moment, 'time' | 'state'>,
): boolean => state !== 'unsynced' && deviceTime !== undefined && deviceTime > time + DAY_MS;

/**
 * Why a value is suspect that its device dates after its own reading: a stored value of a due date to come, a meter whose
 * clock was set wrong. Only where the gateway knows what time it is.
 */
export const datedAhead = (
  sample: Pick<Sample, 'deviceTime'>,
  moment: Pick<Moment, 'time' | 'state'>,
): Doubt | undefined =>
  isAhead(sample, moment)
    ? { reason: 'clock', detail: `dated ${new Date(sample.deviceTime ?? 0).toISOString()}, which is to come` }
    : undefined;

/** What is to be said of a device's clock: one that calls itself sound, and is years off, is not. */
export const believed = (
  sample: Pick<Sample, 'deviceTime' | 'deviceClock'>,
  moment: Pick<Moment, 'time' | 'state'>,
): Pick<Sample, 'deviceClock'> => {
  const { deviceTime, deviceClock } = sample;
  if (deviceClock === undefined) return {};
  const behind =
    moment.state !== 'unsynced' && deviceTime !== undefined && deviceTime < moment.time - ROLLED_OVER_MS;
  return { deviceClock: behind || isAhead(sample, moment) ? 'degraded' : deviceClock };
};
