import type { Kind, ValueType } from './terms.js';

/** One point as its source describes it; everything needed to know which configuration made a reading. */
export interface DirectoryPoint {
  /** Its number in batches of this source; never reused for another (device, key) within an epoch. */
  readonly number: number;
  /** Key of a device of `devices`. */
  readonly device: string;
  readonly key: string;
  readonly name: string;
  readonly kind: Kind;
  readonly valueType: ValueType;
  /** Observed property of the catalogue. */
  readonly property: string;
  /** UCUM code of the stored value. */
  readonly unit: string;
  /** UCUM code of the unit on the dial, where it differs. */
  readonly dialUnit?: string;
  /** Names of state codes. */
  readonly states?: Readonly<Record<string, string>>;
  readonly intervalMs: number;
  /** A reading stands for its point at most this long. */
  readonly maxHoldMs: number;
  /** Periods of windows that the source sends for this point, ms (for example 60000, 900000). */
  readonly windows: readonly number[];
  /** Counter: value at which it wraps to 0. */
  readonly rollover?: number;
  /** Factor × register + offset that made the stored value: profile's scale times installation's ratio. */
  readonly scale: number;
  readonly offset: number;
  /** Thresholds of the quality tests that set the flags. */
  readonly tests: {
    readonly min?: number;
    readonly max?: number;
    readonly maxRatePerS?: number;
    readonly flatLineMs?: number;
    readonly gapMs?: number;
    readonly usualMin?: number;
    readonly usualMax?: number;
    readonly spike?: number;
    readonly spikeBad?: number;
    /** Bounds of a month, from 1 to 12. */
    readonly climatology?: Readonly<Record<string, readonly [min: number, max: number]>>;
  };
  /** Report by exception: absolute deadband in the point's unit. */
  readonly deadband?: number;
  /** Report by exception: deadband as percent of the last value sent. */
  readonly deadbandPercent?: number;
}

export interface DirectoryDevice {
  readonly key: string;
  readonly name: string;
  readonly protocol: string;
  readonly bus: string;
  /** Address on the bus as people write it. */
  readonly address: string;
  readonly maker: string;
  readonly model: string;
  /** SHA-256 (hex) of the profile file that described it. */
  readonly profileHash: string;
  readonly installation: {
    readonly serial?: string;
    readonly location?: string;
    readonly locationName?: string;
    readonly ratio?: number;
    readonly offset?: number;
  };
}

/** A source's list of its devices and points. Its name is the root of the hash tree over its entries. */
export interface Directory {
  /** Hash (hex) of the configuration it was made from. */
  readonly configuration: string;
  readonly devices: readonly DirectoryDevice[];
  readonly points: readonly DirectoryPoint[];
}
