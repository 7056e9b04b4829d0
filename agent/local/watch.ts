import { createAcquisition } from '../acquisition/acquisition.js';
import { createClock } from '../clock/gateway-clock.js';
import { systemTime } from '../clock/system-time.js';
import { delay } from '../clock/timers.js';
import type { Configuration } from '../twin/configuration.js';
import { pointName } from '../twin/directory.js';
import { LocalError } from './errors.js';
import { createBusState } from './bus-state.js';
import { closeBuses, openBuses } from './open-buses.js';
import { busReports, latestReport, parseStatusReport } from './status-report.js';
import { askStatus } from './status-socket.js';
import type { WatchView } from './watch-table.js';

/** Where what is watched comes from. */
export interface WatchSource {
  /** `agent`: the running one tells; `bus`: polled here, nothing is stored. */
  readonly kind: 'agent' | 'bus';
  view(): Promise<WatchView>;
  close(): Promise<void>;
}

const fromAgent = (dataFolder: string): WatchSource => ({
  kind: 'agent',
  view: async () => {
    const answer = await askStatus(dataFolder);
    if (answer === undefined) throw new LocalError('silent', `the agent of ${dataFolder} was stopped`);
    return parseStatusReport(answer, dataFolder);
  },
  close: async () => {},
});

const fromBuses = (
  configuration: Pick<Configuration, 'buses' | 'devices' | 'timezone' | 'dataFolder'>,
): WatchSource => {
  const system = systemTime();
  const clock = createClock(system);
  const buses = openBuses(configuration, clock, createBusState(configuration.dataFolder));
  const names = configuration.devices.flatMap(({ key, points }) =>
    points.map(({ map }) => pointName(key, map.key)),
  );
  const acquisition = createAcquisition({
    configuration,
    buses,
    buffer: { append: async () => {}, declare: async () => {}, flush: async () => {} },
    clock,
    numbers: new Map(names.map((name, index) => [name, index])),
    log: { warn: () => {}, info: () => {} },
    delay,
    onLost: () => {},
  });
  acquisition.start();
  return {
    kind: 'bus',
    view: async () => ({ latest: acquisition.latest().map(latestReport), buses: busReports(acquisition) }),
    close: async () => {
      await acquisition.stop();
      await closeBuses(buses);
      clock.stop();
      system.stop();
    },
  };
};

/**
 * Opens what is watched: the running agent's own view where one runs on the data folder, since it owns the buses;
 * else the buses themselves, of one device where it is named. Throws `LocalError` 'usage' for an unknown device.
 */
export const openWatch = async (
  configuration: Configuration,
  device: string | undefined,
): Promise<WatchSource> => {
  const devices = configuration.devices.filter(({ key }) => device === undefined || key === device);
  if (device !== undefined && devices.length === 0) {
    const known = configuration.devices.map(({ key }) => key).join(', ');
    throw new LocalError('usage', `there is no device ${device} (accepted: ${known})`);
  }
  if ((await askStatus(configuration.dataFolder)) !== undefined) return fromAgent(configuration.dataFolder);
  const buses = configuration.buses.filter(({ key }) => devices.some(({ bus }) => bus === key));
  const { timezone, dataFolder } = configuration;
  return fromBuses({ buses, devices, timezone, dataFolder });
};
