import type { Directory } from '#wire/directory.js';
import { kindOf } from './readings-of.js';
import type { Shape } from './settings.js';
import { SIGNALS } from './signals.js';

const NO_HASH = '00'.repeat(32);
/** A value stands for its point until the third one that fails to come. */
const HELD_INTERVALS = 3;

/** The directory of a simulated gateway. */
export const directoryOf = (shape: Shape, number: number): Directory => {
  const devices = Array.from({ length: shape.devices }, (_, index) => index + 1);
  const points = Array.from({ length: shape.points }, (_, index) => index);
  return {
    configuration: NO_HASH,
    devices: devices.map((device) => ({
      key: `device-${device}`,
      name: `Device ${device} of gateway ${number}`,
      protocol: 'modbus',
      bus: 'bus',
      address: String(device),
      maker: 'Terroir',
      model: 'simulated',
      profileHash: NO_HASH,
      installation: { serial: `${number}-${device}` },
    })),
    points: devices.flatMap((device) =>
      points.map((index) => ({
        number: (device - 1) * shape.points + index + 1,
        device: `device-${device}`,
        key: `${kindOf(shape, index)}-${index + 1}`,
        name: `${kindOf(shape, index)} ${index + 1}`,
        ...SIGNALS[kindOf(shape, index)].point,
        intervalMs: shape.intervalMs,
        maxHoldMs: HELD_INTERVALS * shape.intervalMs,
        windows: [],
        scale: 1,
        offset: 0,
        tests: {},
      })),
    ),
  };
};
