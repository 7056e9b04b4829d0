import type { Endpoint } from '../driver.js';
import type { Sample } from '../sample.js';
import {
  FinderError,
  settingsName,
  type Candidate,
  type Finder,
  type FinderDeps,
  type FindOptions,
  type FoundDevice,
} from '../finder.js';
import type { Profile } from '../profile.js';
import { sensorSettings, SENSORS, type SensorName } from './section.js';
import { createUartBus } from './uart-bus.js';
import { withTimeLimit } from '../time-limit.js';

/** A sensor that speaks by itself does so every second or two. */
const REPLY_MS = 3_000;
/** One kind is tried so long at most: frames of another that speaks by itself never end. */
const KIND_MS = 3 * REPLY_MS;
/** Of the SPS30, beside the 9600 of the others. */
const FAST = 115_200;

const isValue = ({ value }: Sample): boolean => value !== null;

/** The settings at which a sensor speaks. */
const endpointFor = (sensor: SensorName, { endpoint, settled }: FindOptions['target']): Endpoint =>
  endpoint.type === 'tcp' || settled
    ? endpoint
    : {
        ...endpoint,
        baudRate: sensor === 'sps30' ? FAST : 9600,
        dataBits: 8,
        parity: 'none',
        stopBits: 1,
      };

const readProfile = async (
  endpoint: Endpoint,
  framing: string,
  { points, maxRegisters }: Profile,
  sensor: SensorName,
  deps: FinderDeps,
  signal: AbortSignal,
): Promise<readonly Sample[]> => {
  const bus = createUartBus(
    { key: 'scan', endpoint, framing, timeoutMs: REPLY_MS, latenessMs: REPLY_MS, pauseMs: 0 },
    deps,
  );
  try {
    const unit = { address: '', maxRegisters, section: { sensor } };
    return await withTimeLimit(signal, KIND_MS, async (limited) => {
      try {
        return await bus.read({ unit, points }, limited);
      } catch (error) {
        if (signal.aborted || !limited.aborted) throw error;
        return [];
      }
    });
  } finally {
    await bus.close();
  }
};

const deviceOf = (profiles: readonly Profile[], samples: readonly Sample[]): FoundDevice => {
  const fitting = samples.filter(isValue).length;
  const against = samples.length - fitting;
  const [best, ...rivals] = profiles.map((profile): Candidate => ({
    profile,
    fitting,
    against,
    identified: false,
  }));
  // Their frames tell the family, not the model.
  const certain = rivals.length === 0 && against === 0;
  return { address: '', ...(best === undefined ? {} : { best }), certain, rivals, samples };
};

/** Finds the sensor of a line by asking as each kind is asked, until frames of that kind come. */
export const findUartDevices: Finder = async (options, deps, signal) => {
  const { target, profiles } = options;
  const kinds = SENSORS.map(
    (sensor) =>
      [sensor, profiles.filter(({ section }) => sensorSettings(section)?.sensor === sensor)] as const,
  );
  const report = { framing: target.framing, overheard: 0, doubtful: [], garbled: [], notes: [] };
  return withTimeLimit(signal, options.lookMs, async (looking) => {
    try {
      for (const [done, [sensor, own]] of kinds.entries()) {
        const [first] = own;
        if (first === undefined) continue;
        const endpoint = endpointFor(sensor, target);
        const what = `${sensor} at ${settingsName(endpoint)}`;
        deps.progress({ phase: 'looking', what, done, total: kinds.length, found: 0 });
        const samples = await readProfile(endpoint, target.framing, first, sensor, deps, looking);
        if (samples.some(isValue))
          return { ...report, endpoint, devices: [deviceOf(own, samples)], complete: true };
        const closed = samples.find(({ fault }) => fault?.code === 'closed');
        if (closed?.fault !== undefined) throw new FinderError('unreachable', closed.fault.detail);
      }
      return { ...report, endpoint: target.endpoint, devices: [], complete: true };
    } catch (error) {
      if (!looking.aborted) throw error;
      return { ...report, endpoint: target.endpoint, devices: [], complete: false };
    }
  });
};
