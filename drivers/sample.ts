/** What the line gave for one point. */
export interface Sample {
  readonly point: string;
  /** Scaled as the profile says; `null` with a `fault` or a sentinel. */
  readonly value: number | bigint | string | null;
  /** The bytes that the value was decoded from; empty where none came. */
  readonly raw: Uint8Array;
  /** Monotonic ms at which the request that was answered left. */
  readonly at: number;
  readonly fault?: Fault;
  /** The value is there, and the device itself says not to trust it. */
  readonly doubt?: Doubt;
  /** The device's own time, UTC ms, where it gives one. */
  readonly deviceTime?: number;
  /** What the device says of its own clock; absent: nothing. */
  readonly deviceClock?: 'sound' | 'degraded';
}

/** Why a value is suspect by what its device says. */
export interface Doubt {
  readonly reason: 'sensor-fault' | 'warm-up' | 'gap' | 'clock';
  readonly detail: string;
}

export interface Fault {
  readonly code:
    'timeout' | 'checksum' | 'exception' | 'frame' | 'closed' | 'sentinel' | 'sensor' | 'decode' | 'identity';
  readonly detail: string;
}
