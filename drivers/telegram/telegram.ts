import type { Doubt, Fault, Sample } from '../sample.js';

/** What a device said at once: named fields. Values are as the device gives them; profiles scale them. */
export interface Telegram {
  /** The sender, as its dialect writes addresses; empty where a line has one device, which does not say. */
  readonly address: string;
  readonly fields: ReadonlyMap<string, Field>;
  /** The device's own time of the whole, UTC ms. */
  readonly deviceTime?: number;
  readonly deviceClock?: NonNullable<Sample['deviceClock']>;
  /** What else a person who decodes it must know: what stood beside it and is not read. */
  readonly remarks?: readonly string[];
}

export interface Field {
  /** `null` with a `fault`. */
  readonly value: number | bigint | string | null;
  /** Its own bytes, as far as they can be told from its neighbours'. */
  readonly raw: Uint8Array;
  readonly fault?: Fault;
  readonly doubt?: Doubt;
  /** Where it is another than the telegram's (a stored value, a maximum), UTC ms. */
  readonly deviceTime?: number;
  /** Of that time, where it is another's than the telegram's. */
  readonly deviceClock?: NonNullable<Sample['deviceClock']>;
}
