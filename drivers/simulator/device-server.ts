import type { Channel } from '../channel/channel.js';
import type { Profile } from '../profile.js';
import type { SimulatorFaults } from './faults.js';
import type { PointValues } from './point-values.js';

/** A device that is not there. */
export interface ServedDevice {
  readonly address: string;
  readonly profile: Profile;
  readonly values: PointValues;
}

export interface DeviceServerSettings {
  /** One of the dialect's; all devices are of one line and one protocol. */
  readonly framing: string;
  readonly devices: readonly ServedDevice[];
  readonly faults: SimulatorFaults;
  /** UTC ms. */
  readonly now: () => number;
}

/**
 * Makes what serves a line's devices on a channel, until that closes: answers, or speaks by itself. Throws a
 * `SimulatorError` where the devices cannot be served so.
 */
export type CreateDeviceServer = (settings: DeviceServerSettings) => (channel: Channel) => void;
