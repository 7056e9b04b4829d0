import type { Directory, DirectoryDevice, DirectoryPoint } from '#wire/directory.js';
import { coefficientsOf } from './coefficients.js';
import type { Configuration, ConfiguredDevice, ConfiguredPoint } from './configuration.js';

/** The name by which the buffer numbers a point: `<device>/<point>`. */
export const pointName = (device: string, point: string): string => `${device}/${point}`;

const deviceEntry = (device: ConfiguredDevice): DirectoryDevice => ({
  key: device.key,
  name: device.name,
  protocol: device.profile.protocol,
  bus: device.bus,
  address: device.address,
  maker: device.profile.maker,
  model: device.profile.model,
  profileHash: device.profile.hash,
  installation: device.installation,
});

const climatologyOf = (
  months: NonNullable<ConfiguredPoint['tests']['climatology']>,
): NonNullable<DirectoryPoint['tests']['climatology']> =>
  Object.fromEntries(months.flatMap((range, index) => (range === null ? [] : [[String(index + 1), range]])));

const testsOf = ({ range, maxRatePerS, tests }: ConfiguredPoint): DirectoryPoint['tests'] => {
  const { usual, spike, flatLineMs, gapMs, climatology } = tests;
  return {
    ...(range === undefined ? {} : { min: range[0], max: range[1] }),
    ...(maxRatePerS === undefined ? {} : { maxRatePerS }),
    ...(flatLineMs === undefined ? {} : { flatLineMs }),
    ...(gapMs === undefined ? {} : { gapMs }),
    ...(usual === undefined ? {} : { usualMin: usual[0], usualMax: usual[1] }),
    ...(spike === undefined ? {} : { spike: spike.suspect }),
    ...(spike?.bad === undefined ? {} : { spikeBad: spike.bad }),
    ...(climatology === undefined ? {} : { climatology: climatologyOf(climatology) }),
  };
};

const deadbandOf = ({ deadband }: ConfiguredPoint): Pick<DirectoryPoint, 'deadband' | 'deadbandPercent'> => {
  if (deadband === undefined) return {};
  return 'absolute' in deadband ? { deadband: deadband.absolute } : { deadbandPercent: deadband.percent };
};

const pointEntry = (device: ConfiguredDevice, point: ConfiguredPoint, number: number): DirectoryPoint => {
  const { map } = point;
  const by = coefficientsOf(device.installation, map);
  return {
    number,
    device: device.key,
    key: map.key,
    name: map.name,
    kind: point.kind,
    valueType: map.valueType,
    property: map.property,
    unit: map.unit,
    intervalMs: point.intervalMs,
    maxHoldMs: point.maxHoldMs,
    windows: point.windows,
    scale: map.scale * by.ratio,
    offset: map.offset * by.ratio + by.offset,
    tests: testsOf(point),
    ...(map.dialUnit === undefined ? {} : { dialUnit: map.dialUnit }),
    ...(map.states === undefined ? {} : { states: map.states }),
    ...(map.rollover === undefined ? {} : { rollover: map.rollover }),
    ...deadbandOf(point),
  };
};

/**
 * The directory of a configuration: what the fleet must know of each device and point.
 * `numbers` gives each point's number in batches by `pointName`; a point without one is an error of the caller.
 */
export const buildDirectory = (
  configuration: Configuration,
  numbers: ReadonlyMap<string, number>,
): Directory => ({
  configuration: configuration.version,
  devices: configuration.devices.map(deviceEntry),
  points: configuration.devices.flatMap((device) =>
    device.points.map((point) => {
      const name = pointName(device.key, point.map.key);
      const number = numbers.get(name);
      if (number === undefined)
        throw new RangeError(`the point ${name} has no number: define it in the buffer first`);
      return pointEntry(device, point, number);
    }),
  ),
});
