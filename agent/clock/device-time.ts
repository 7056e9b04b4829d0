import { unrollWeeks } from '../../drivers/nmea/time.js';
import type { Sample } from '../../drivers/sample.js';
import type { ConfiguredDevice } from '../twin/configuration.js';
import type { ClockSource, SourceTime } from './clock-source.js';

/** From the second that a sentence speaks of to its last character, at the slowest speed of such lines, ms. */
const UNCERTAINTY_MS = 1_000;

export interface DeviceTime {
  readonly source: ClockSource;
  /** Samples of any device: of those of the one that tells the time, the newest sound one is told to the clock. */
  hear(device: Pick<ConfiguredDevice, 'key' | 'profile'>, samples: readonly Sample[]): void;
}

/**
 * The time of one device of the gateway, such as a GNSS receiver: only what the device itself calls sound. `earliest`
 * (UTC ms) is when this program was built: a receiver's time before it has its week counter rolled over and is set
 * right, any other device's is not believed.
 */
export const createDeviceTime = (key: string | undefined, earliest: number): DeviceTime => {
  const listeners = new Set<(time: SourceTime) => void>();
  return {
    source: {
      start: (tell) => {
        listeners.add(tell);
        return () => listeners.delete(tell);
      },
    },
    hear: (device, samples) => {
      if (device.key !== key) return;
      const sample = samples.findLast(
        ({ deviceTime, deviceClock, fault }) =>
          deviceTime !== undefined && deviceClock === 'sound' && fault === undefined,
      );
      if (sample?.deviceTime === undefined) return;
      const { deviceTime, at: monotonic } = sample;
      const time = device.profile.protocol === 'nmea' ? unrollWeeks(deviceTime, earliest) : deviceTime;
      if (time < earliest) return;
      for (const tell of listeners) tell({ time, monotonic, uncertaintyMs: UNCERTAINTY_MS });
    },
  };
};
