import type { Bus, WriteRequest, WriteResult } from '../../drivers/driver.js';
import type { ConfiguredDevice, ConfiguredPoint } from '../twin/configuration.js';
import { unitSettings } from '../twin/unit-settings.js';
import { AcquisitionError } from './errors.js';

/** A value for a point, as the device holds it. */
export interface PointWrite {
  readonly device: ConfiguredDevice;
  readonly point: ConfiguredPoint;
  readonly value: WriteRequest['value'];
}

/** Writes on an open bus. Rejects with `AcquisitionError` where its protocol writes nothing, else as the bus does. */
export const writePoint = async (
  bus: Bus,
  { device, point, value }: PointWrite,
  signal: AbortSignal,
): Promise<WriteResult> => {
  if (bus.write === undefined) throw new AcquisitionError('read-only', 'Nothing can be written on this bus.');
  return await bus.write({ unit: unitSettings(device), point: point.map, value }, signal);
};
