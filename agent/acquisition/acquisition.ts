import type { Buffer, NewReading } from '../buffer/buffer.js';
import type { Clock } from '../clock/clock.js';
import type { Log } from '../local/log.js';
import type { Configuration, ConfiguredDevice, ConfiguredPoint } from '../twin/configuration.js';
import type { Bus, BusCounters, BusDeps, WriteResult } from '../../drivers/driver.js';
import type { Sample } from '../../drivers/sample.js';
import { AcquiredPoint, type LiveReading } from './acquired-point.js';
import { AppendQueue, type AppendCounters } from './append-queue.js';
import type { MemoryLoss } from './untold-losses.js';
import { BusWorker, unanswered, type BusWorkerCounters, type BusWorkerDeps } from './bus-worker.js';
import type { DeviceQuestion } from './device-question.js';
import { AcquisitionError } from './errors.js';
import type { MidnightDeps } from './local-midnight.js';
import { createWrongDeviceLog } from './wrong-device-log.js';
import type { PointWrite } from './write-point.js';
import type { Behind } from './keeping-up.js';

/** Readings in memory at most: 20 s of a gateway with 1,000 points a second, about 5 MB. */
const PENDING_LIMIT = 20_000;
const RETRY_MS = 1_000;
/** What a stop waits for the buffer's commit. */
const STOP_MS = 3_000;

export interface AcquisitionDeps {
  readonly configuration: Pick<Configuration, 'buses' | 'devices' | 'timezone'>;
  /** By key; they stay open when acquisition stops. */
  readonly buses: ReadonlyMap<string, Bus>;
  readonly buffer: Pick<Buffer, 'append' | 'declare' | 'flush'>;
  readonly clock: Pick<Clock, 'at' | 'monotonic' | 'now'>;
  /** Directory number of each point by `<device>/<point>`. */
  readonly numbers: ReadonlyMap<string, number>;
  readonly log: Pick<Log, 'warn' | 'info'>;
  readonly delay: BusDeps['delay'];
  /** Readings were lost because the buffer took none for too long. */
  readonly onLost: (loss: MemoryLoss) => void;
  /** The samples of one poll, before they become readings: a device among them may tell the time. */
  readonly onSamples?: (device: ConfiguredDevice, samples: readonly Sample[]) => void;
}

/** What a technician is shown of a device. */
export interface DeviceReading {
  readonly readings: readonly LiveReading[];
  /** UTC ms: the device bears no read before, and these are the last of each point. */
  readonly notBefore?: number;
}

export interface Acquisition {
  start(): void;
  /** Stops polling, then waits up to 3 s for the buffer; resolves when the lines are quiet. */
  stop(): Promise<void>;
  /**
   * Reads all points of a device now, before any poll; what came is stored as what a poll finds. Rejects with
   * `AcquisitionError` for a device that is unknown and once stopped, or with the signal's reason.
   */
  readNow(device: string, signal: AbortSignal): Promise<DeviceReading>;
  /** Writes a point now, before any poll; what it held before and after is stored. Rejects as `readNow` and the bus do. */
  writeNow(write: PointWrite, signal: AbortSignal): Promise<WriteResult>;
  /** Asks a device something beside its points, before any poll. Rejects as `readNow` does. */
  askNow<T>(device: string, question: DeviceQuestion<T>, signal: AbortSignal): Promise<T>;
  /** The last reading of every point that has one, in the order of the configuration. */
  latest(): readonly LiveReading[];
  counters(): AcquisitionCounters;
}

export interface AcquisitionCounters {
  readonly buses: ReadonlyMap<string, { readonly polls: BusWorkerCounters; readonly line: BusCounters }>;
  readonly readings: AppendCounters;
}

type Worker = BusWorker<readonly LiveReading[]>;
type PointsByDevice = ReadonlyMap<string, ReadonlyMap<string, AcquiredPoint>>;

const followPoints = ({ configuration, numbers }: AcquisitionDeps): PointsByDevice => {
  const follow = (device: ConfiguredDevice): ReadonlyMap<string, AcquiredPoint> => {
    const points = new Map<string, AcquiredPoint>();
    for (const point of device.points) {
      const key = `${device.key}/${point.map.key}`;
      const number = numbers.get(key);
      if (number === undefined)
        throw new AcquisitionError('unnumbered-point', `Point ${key} has no number in the directory.`);
      points.set(point.map.key, new AcquiredPoint(device, point, number));
    }
    return points;
  };
  return new Map(configuration.devices.map((device) => [device.key, follow(device)]));
};

const openQueue = ({ buffer, clock, delay, log, onLost }: AcquisitionDeps): AppendQueue =>
  new AppendQueue({
    buffer,
    name: `acquisition-${clock.monotonic()}`,
    delay,
    onLost,
    onRefused: (cause) => log.warn('readings-refused', { cause: String(cause) }),
    onRecovered: () => log.info('readings-stored-again'),
    limit: PENDING_LIMIT,
    retryMs: RETRY_MS,
  });

const makeWorkers = (
  deps: AcquisitionDeps,
  taken: Pick<BusWorkerDeps<readonly LiveReading[]>, 'onSamples' | 'onAsked'>,
): ReadonlyMap<string, Worker> => {
  const { configuration, buses, clock, delay, log } = deps;
  const workers = new Map<string, Worker>();
  for (const { key } of configuration.buses) {
    const bus = buses.get(key);
    if (bus === undefined) throw new AcquisitionError('unknown-bus', `Bus ${key} was not opened.`);
    const devices = configuration.devices.filter((device) => device.bus === key);
    const onDriverError = (device: ConfiguredDevice, cause: unknown): void =>
      log.warn('driver-failed', { bus: key, device: device.key, cause: String(cause) });
    const now = (): number => clock.monotonic();
    const onBehind = (behind: Behind): void => log.warn('bus-behind', { bus: key, ...behind });
    const onBreaker = (device: ConfiguredDevice, state: 'open' | 'closed'): void =>
      state === 'open'
        ? log.warn('device-silent', { bus: key, device: device.key })
        : log.info('device-answers', { bus: key, device: device.key });
    workers.set(
      key,
      new BusWorker({ bus, devices, now, delay, ...taken, onDriverError, onBehind, onBreaker }),
    );
  }
  return workers;
};

const counts = ({ kind }: Pick<ConfiguredPoint, 'kind'>): boolean => kind === 'counter';

const hasCounters = ({ devices }: Pick<Configuration, 'devices'>): boolean =>
  devices.some(({ points }) => points.some(counts));

/** Civil time costs 5 MB of the runtime's tables: it is loaded where something wants it. */
const followMidnight = async (deps: MidnightDeps, signal: AbortSignal): Promise<void> => {
  const { watchMidnight } = await import('./local-midnight.js');
  await watchMidnight(deps, signal);
};

/** A daily index is a counter's value at local midnight, with its true time. */
const readIndexes = (points: PointsByDevice, workers: ReadonlyMap<string, Worker>): void => {
  for (const byKey of points.values())
    for (const point of byKey.values()) if (counts(point)) point.sendNext();
  for (const worker of workers.values()) worker.want(counts);
};

/** What goes before polls. */
const atOnce = (
  { configuration, clock }: AcquisitionDeps,
  points: PointsByDevice,
  workers: ReadonlyMap<string, Worker>,
): Pick<Acquisition, 'readNow' | 'writeNow' | 'askNow'> => {
  const find = (key: string): { readonly device: ConfiguredDevice; readonly worker: Worker } => {
    const device = configuration.devices.find((candidate) => candidate.key === key);
    const worker = device === undefined ? undefined : workers.get(device.bus);
    if (device !== undefined && worker !== undefined) return { device, worker };
    throw new AcquisitionError('unknown-device', `There is no device ${key}.`);
  };
  return {
    readNow: async (key, signal) => {
      const { device, worker } = find(key);
      const read = await worker.readNow(device, signal);
      if ('seen' in read) return { readings: read.seen };
      const last = [...(points.get(key)?.values() ?? [])].flatMap((point) => point.latest() ?? []);
      return { readings: last, notBefore: clock.at(read.notBefore).time };
    },
    writeNow: (write, signal) => find(write.device.key).worker.writeNow(write, signal),
    askNow: async (key, question, signal) => {
      const { device, worker } = find(key);
      return await worker.askNow(device, question, signal);
    },
  };
};

const countersOf = (
  workers: ReadonlyMap<string, Worker>,
  buses: AcquisitionDeps['buses'],
): AcquisitionCounters['buses'] =>
  new Map(
    [...workers].flatMap(([key, worker]) => {
      const bus = buses.get(key);
      return bus === undefined ? [] : [[key, { polls: worker.counters(), line: bus.counters() }]];
    }),
  );

/**
 * Polls every device of the configuration, one worker a bus, and appends one reading for each sample: scaled by
 * its installation, judged, stamped with the time at which its request left. Throws `AcquisitionError` where a
 * bus is not open or a point has no number.
 */
export const createAcquisition = (deps: AcquisitionDeps): Acquisition => {
  const { configuration, buses, clock } = deps;
  const points = followPoints(deps);
  const queue = openQueue(deps);

  const sayWrongDevice = createWrongDeviceLog(deps.log);

  const take = (
    device: ConfiguredDevice,
    samples: readonly Sample[],
    isReading: (sample: Sample) => boolean,
  ): readonly LiveReading[] => {
    sayWrongDevice(device, samples);
    deps.onSamples?.(device, samples);
    const readings: NewReading[] = [];
    const seen = samples.flatMap((sample) => {
      const point = points.get(device.key)?.get(sample.point);
      if (point === undefined) return [];
      if (!isReading(sample)) return [point.look(sample, clock)];
      const { reading, live } = point.accept(sample, clock);
      readings.push(reading);
      return [live];
    });
    queue.push(readings);
    return seen;
  };
  const workers = makeWorkers(deps, {
    onSamples: (device, samples) => void take(device, samples, () => true),
    // What nobody awaited is not missing: a device that speaks unasked has its own pace.
    onAsked: (device, samples) => take(device, samples, (sample) => !unanswered(sample)),
  });

  const stopping = new AbortController();
  let midnights: Promise<void> | undefined;
  return {
    start: () => {
      workers.forEach((worker) => worker.start());
      const { delay } = deps;
      const onMidnight = (): void => readIndexes(points, workers);
      if (hasCounters(configuration))
        midnights ??= followMidnight(
          { clock, delay, zone: configuration.timezone, onMidnight },
          stopping.signal,
        );
    },
    stop: async () => {
      stopping.abort();
      await midnights;
      await Promise.all([...workers.values()].map((worker) => worker.stop()));
      await queue.stop(STOP_MS);
    },
    ...atOnce(deps, points, workers),
    latest: () =>
      [...points.values()].flatMap((byKey) => [...byKey.values()].flatMap((point) => point.latest() ?? [])),
    counters: () => ({
      buses: countersOf(workers, buses),
      readings: queue.counters(),
    }),
  };
};
