import type { Bus } from '../../drivers/driver.js';

/** What came of asking a device something beside its points. */
export interface DeviceAnswer<T> {
  readonly result: T;
  /** Anything came from the device, a refusal as well. */
  readonly answered: boolean;
}

/** Asks a device something beside its points, on its bus. Never rejects but when the signal aborts. */
export type DeviceQuestion<T> = (bus: Bus, signal: AbortSignal) => Promise<DeviceAnswer<T>>;
