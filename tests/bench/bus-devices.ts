import type { ConfiguredDevice, ConfiguredPoint } from '../../agent/twin/configuration.js';
import type { ProfilePoint } from '../../drivers/profile.js';
import { profile } from '../support/modbus.js';

/** A device of these points, all polled at one interval, on the bus `line`. */
export const deviceOf = (
  key: string,
  address: string,
  points: readonly ProfilePoint[],
  intervalMs: number,
): ConfiguredDevice => ({
  key,
  name: key,
  bus: 'line',
  address,
  profile: profile(points),
  installation: { ratio: 1, offset: 0 },
  points: points.map((map): ConfiguredPoint => ({
    map,
    kind: 'gauge',
    intervalMs,
    maxHoldMs: 60_000,
    heartbeatMs: 60_000,
    windows: [],
    tests: {},
  })),
});
