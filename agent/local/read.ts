import type { Flag, Reason, Value } from '#wire/terms.js';
import type { DeviceReading } from '../acquisition/acquisition.js';
import { judgeSample, liveReading, rulesOf, type LiveReading } from '../acquisition/acquired-point.js';
import { AcquisitionError } from '../acquisition/errors.js';
import type { Clock } from '../clock/clock.js';
import { unitSettings } from '../twin/unit-settings.js';
import type { Catalogue } from '../twin/catalogue.js';
import { convert } from '../twin/convert.js';
import type { Configuration, ConfiguredDevice } from '../twin/configuration.js';
import type { Bus } from '../../drivers/driver.js';

export interface ReadOnceDeps {
  readonly configuration: Pick<Configuration, 'devices'>;
  readonly catalogue: Catalogue;
  readonly read: (device: ConfiguredDevice) => Promise<DeviceReading>;
}

/** Buses that are ours alone. */
export interface OwnBuses {
  /** By key. */
  readonly buses: ReadonlyMap<string, Bus>;
  readonly clock: Pick<Clock, 'at'>;
}

/** One point as one poll found it; can be written as JSON. */
export interface ReadRow {
  readonly device: string;
  readonly deviceName: string;
  /** Where the device is: its address and bus. */
  readonly place: string;
  readonly point: string;
  readonly name: string;
  /** In `unit`; an int64 beyond 2^53 as its digits. */
  readonly value: number | string | null;
  /** UCUM. */
  readonly unit: string;
  /** Value and symbol as they stand on the dial; the name of a state. */
  readonly dial: { readonly value: number | string; readonly unit: string } | null;
  readonly flag: Flag;
  readonly reason: Reason;
  /** What went wrong on the line. */
  readonly fault: string | null;
  /** The registers as they came: hexadecimal, one group for each. */
  readonly raw: string;
  /** UTC ms. */
  readonly time: number;
  /** UTC ms: the device bears no read before, and this is the last one of the point; `null`: it was read. */
  readonly notBefore: number | null;
}

const plain = (value: Value): number | string => (typeof value === 'bigint' ? value.toString() : value);

const dialOf = ({ point, value }: LiveReading, catalogue: Catalogue): ReadRow['dial'] => {
  if (value === null) return null;
  const { states, unit, dialUnit, valueType } = point.map;
  if (valueType === 'text') return { value: plain(value), unit: '' };
  if (states !== undefined) return { value: states[String(value)] ?? plain(value), unit: '' };
  const symbolOf = (code: string): string => catalogue.units.get(code)?.symbol ?? code;
  const onDial =
    dialUnit === undefined || typeof value === 'string'
      ? undefined
      : convert(catalogue, Number(value), unit, dialUnit);
  return onDial === undefined || dialUnit === undefined
    ? { value: plain(value), unit: symbolOf(unit) }
    : { value: onDial, unit: symbolOf(dialUnit) };
};

const inRegisters = (raw: Uint8Array): string =>
  Buffer.from(raw)
    .toString('hex')
    .match(/.{1,4}/g)
    ?.join(' ') ?? '';

const rowOf = (reading: LiveReading, notBefore: number | null, catalogue: Catalogue): ReadRow => ({
  device: reading.device.key,
  deviceName: reading.device.name,
  place: `${reading.device.address} on ${reading.device.bus}`.trim(),
  point: reading.point.map.key,
  name: reading.point.map.name,
  value: reading.value === null ? null : plain(reading.value),
  unit: reading.point.map.unit,
  dial: dialOf(reading, catalogue),
  flag: reading.flag,
  reason: reading.reason,
  fault: reading.fault ?? null,
  raw: inRegisters(reading.raw),
  time: reading.time,
  notBefore,
});

/** Reads a device where no agent runs. */
export const readOnBus = async (
  { buses, clock }: OwnBuses,
  device: ConfiguredDevice,
  signal: AbortSignal,
): Promise<DeviceReading> => {
  const bus = buses.get(device.bus);
  if (bus === undefined) throw new AcquisitionError('unknown-bus', `Bus ${device.bus} was not opened.`);
  const samples = await bus.read(
    { unit: unitSettings(device), points: device.points.map(({ map }) => map) },
    signal,
  );
  const readings = samples.flatMap((sample) => {
    const point = device.points.find(({ map }) => map.key === sample.point);
    if (point === undefined) return [];
    const moment = clock.at(sample.at);
    const judgement = judgeSample(rulesOf(device, point), undefined, sample, moment);
    return liveReading(device, point, judgement, moment, sample);
  });
  return { readings };
};

const readDevice = async (
  { read, catalogue }: ReadOnceDeps,
  device: ConfiguredDevice,
): Promise<readonly ReadRow[]> => {
  const { readings, notBefore = null } = await read(device);
  return readings.map((reading) => rowOf(reading, notBefore, catalogue));
};

/**
 * Polls every device once, or the one named, the buses side by side; rows in the order of the configuration.
 * A silent device gives rows without values. Throws `AcquisitionError` for a device that is not configured.
 */
export const readOnce = async (deps: ReadOnceDeps, deviceKey?: string): Promise<readonly ReadRow[]> => {
  const devices = deps.configuration.devices.filter(
    ({ key }) => deviceKey === undefined || key === deviceKey,
  );
  if (deviceKey !== undefined && devices.length === 0) {
    const known = deps.configuration.devices.map(({ key }) => key).join(', ');
    throw new AcquisitionError('unknown-device', `There is no device ${deviceKey}; there are: ${known}.`);
  }
  const turns = new Map<string, Promise<unknown>>();
  const reads = devices.map((device) => {
    const read = (turns.get(device.bus) ?? Promise.resolve()).then(() => readDevice(deps, device));
    turns.set(device.bus, read);
    return read;
  });
  return (await Promise.all(reads)).flat();
};
