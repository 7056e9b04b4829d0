import type { BufferPoint } from '../buffer/buffer.js';
import type { Configuration } from '../twin/configuration.js';
import { pointName } from '../twin/directory.js';

/** What the buffer must know of each point of a configuration. */
export const bufferPoints = (configuration: Pick<Configuration, 'devices'>): readonly BufferPoint[] =>
  configuration.devices.flatMap((device) =>
    device.points.map((point) => {
      const { serial } = device.installation;
      const { rollover, valueType, key } = point.map;
      return {
        key: pointName(device.key, key),
        ...(serial === undefined ? {} : { installation: serial }),
        kind: point.kind,
        valueType,
        intervalMs: point.intervalMs,
        maxHoldMs: point.maxHoldMs,
        windows: point.windows,
        ...(rollover === undefined ? {} : { rollover }),
      };
    }),
  );
