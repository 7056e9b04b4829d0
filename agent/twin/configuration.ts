import type { BusSettings } from '../../drivers/driver.js';
import type { PointTests, Profile, ProfilePoint } from '../../drivers/profile.js';
import type { Kind } from '#wire/terms.js';

/** A gateway's configuration once parsed and checked (`configuration-file.ts`): every default is filled in. */
export interface Configuration {
  readonly name: string;
  /** IANA name of the civil time whose midnights close a day. */
  readonly timezone: string;
  /** Key of the device whose time serves the clock where the system has none better. */
  readonly clockDevice?: string;
  /** Folder of the buffer, the identity and the status socket; absolute. */
  readonly dataFolder: string;
  /** SHA-256 (hex) of the file. */
  readonly version: string;
  readonly buffer: {
    /** Longest time a reading waits for its transaction: the stated maximum loss of a power cut, ms. */
    readonly commitMs: number;
    /** Local history after the ack, ms. */
    readonly historyMs: number;
    /** The most that the file takes. */
    readonly capBytes: number;
    /** What is left free on its file system. */
    readonly floorBytes: number;
    /** A disk that takes nothing is tried again this often, ms. */
    readonly retryMs: number;
    /** What the card bears to be written in its life, for the forecast of its years. */
    readonly enduranceBytes: number;
  };
  readonly uplink: {
    /** How often unsealed rows are sealed while connected, ms. */
    readonly sealMs: number;
    readonly keepaliveS: number;
    /** How often `health` is sent, ms. */
    readonly healthMs: number;
    /** The longest wait after a first failure to reach the fleet, ms; it doubles to twelve times this. */
    readonly retryMs: number;
    /** What the data plan gives, both ways and everything counted; 0: no limit. */
    readonly bytesPerMonth: number;
  };
  readonly buses: readonly ConfiguredBus[];
  readonly devices: readonly ConfiguredDevice[];
}

export interface ConfiguredBus extends BusSettings {
  readonly protocol: string;
}

export interface ConfiguredDevice {
  readonly key: string;
  readonly name: string;
  readonly bus: string;
  readonly address: string;
  readonly profile: Profile;
  /** Silence that this device needs between its last frame and the next one to it, ms; absent: as its profile says. */
  readonly pauseMs?: number;
  readonly installation: {
    readonly serial?: string;
    readonly location?: string;
    readonly locationName?: string;
    /** Transformer ratio or pulse weight: multiplies. */
    readonly ratio: number;
    readonly offset: number;
  };
  readonly points: readonly ConfiguredPoint[];
}

export type Deadband = { readonly absolute: number } | { readonly percent: number };

export interface ConfiguredPoint {
  /** As the profile says, but `rollover`, `valueType` and `name` as the installation makes them. */
  readonly map: ProfilePoint;
  readonly kind: Kind;
  readonly intervalMs: number;
  readonly maxHoldMs: number;
  /** What is held back: within `absolute` (the point's unit) or `percent` of the last value sent; absent: nothing. */
  readonly deadband?: Deadband;
  /** Whatever the value does, readings go out no closer than this, ms; a change of flag or reason always does. */
  readonly minReportMs?: number;
  /** Even inside the deadband one reading goes out this often, ms. */
  readonly heartbeatMs: number;
  readonly range?: readonly [min: number, max: number];
  readonly maxRatePerS?: number;
  /** Beside range and rate, installation and overrides applied. */
  readonly tests: PointTests;
  /** Periods, ms. */
  readonly windows: readonly number[];
}
