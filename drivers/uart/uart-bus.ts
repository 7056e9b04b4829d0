import type {
  Bus,
  BusCounters,
  BusDeps,
  BusSettings,
  ReadRequest,
  UnitCounters,
  UnitSettings,
} from '../driver.js';
import type { Doubt, Fault, Sample } from '../sample.js';
import type { FieldPoint } from '../profile.js';
import { createAskingBus, faultySamples, type AskingBus, type Exchange } from '../telegram/asking-bus.js';
import { samplesOf } from '../telegram/samples-of.js';
import { sensorSettings, type SensorName, type SensorSettings } from './section.js';
import { createSensor } from './sensors.js';
import type { Measured, Sensor } from './sensor.js';
import { UartError } from './uart-error.js';
import { withTimeLimit } from '../time-limit.js';

/** How long the sensor may take to fall asleep while the bus closes, ms. */
const CLOSING_MS = 3_000;

const doubted = (samples: readonly Sample[], doubt: Doubt | undefined): readonly Sample[] =>
  doubt === undefined
    ? samples
    : samples.map((sample) =>
        sample.value === null || sample.doubt !== undefined ? sample : { ...sample, doubt },
      );

const CLOSED: Fault = { code: 'closed', detail: 'the bus was closed' };
const NO_SENSOR: Fault = {
  code: 'decode',
  detail: 'the profile does not say which sensor it is (uart.sensor)',
};

const seconds = (ms: number): number => Math.round(ms / 1000);

/** One sensor on its line: what is known of it besides its answers. */
class Attached {
  readonly sensor: Sensor;
  /** Monotonic ms since when it is known to run; before that it may just have been switched on. */
  #runsSince: number;
  /** Woken for a read, and not asleep again. */
  awake = false;

  constructor(name: SensorName, runsSince: number) {
    this.sensor = createSensor(name);
    this.#runsSince = runsSince;
  }

  startedAt(now: number): void {
    this.#runsSince = now;
  }

  /** Whether a value of this time comes from a sensor that may not be warm. */
  doubtAt(at: number, { warmUpMs, sensor }: SensorSettings): Doubt | undefined {
    const ranMs = at - this.#runsSince;
    if (ranMs >= warmUpMs) return undefined;
    return {
      reason: 'warm-up',
      detail: `${sensor} is known to run for ${seconds(ranMs)} s of the ${seconds(warmUpMs)} s that it takes to be warm`,
    };
  }
}

const wake = async (exchange: Exchange, attached: Attached): Promise<void> => {
  attached.awake = true;
  await attached.sensor.wake?.(exchange);
  attached.startedAt(exchange.now());
};

const toSleep = async (exchange: Exchange, attached: Attached): Promise<void> => {
  if (!attached.awake) return;
  await attached.sensor.sleep?.(exchange);
  attached.awake = false;
};

const measureAwake = async (exchange: Exchange, attached: Attached): Promise<Measured> => {
  try {
    return await attached.sensor.measure(exchange);
  } catch (error) {
    const silent = error instanceof UartError && error.code === 'timeout';
    if (!silent || attached.sensor.wake === undefined) throw error;
    // Somebody may have put it to sleep.
    await attached.sensor.wake(exchange);
    attached.startedAt(exchange.now());
    return attached.sensor.measure(exchange);
  }
};

const measureInCycle = async (
  exchange: Exchange,
  attached: Attached,
  { warmUpMs }: SensorSettings,
): Promise<Measured> => {
  await wake(exchange, attached);
  const warmAt = exchange.now() + warmUpMs;
  while (exchange.now() < warmAt) await exchange.delay(warmAt - exchange.now());
  try {
    return await attached.sensor.measure(exchange);
  } finally {
    await toSleep(exchange, attached);
  }
};

/**
 * The line of one particulate or gas sensor. Values of a sensor that may have been switched on with the line are
 * doubtful until its warm-up is over. With a duty cycle it is woken before each read, and sleeps after it, whatever came
 * of the read.
 */
class UartBus implements Bus {
  readonly #now: () => number;
  readonly #asking: AskingBus;
  readonly #sensors = new Map<SensorName, Attached>();
  readonly #closing = new AbortController();
  #openedAt: number;
  /** Under way where a read was broken off. */
  #lullaby: Promise<void> = Promise.resolve();

  constructor(settings: BusSettings, deps: BusDeps) {
    this.#now = deps.now;
    this.#openedAt = deps.now();
    const openChannel: BusDeps['openChannel'] = async (endpoint, signal) => {
      const channel = await deps.openChannel(endpoint, signal);
      this.#opened();
      return channel;
    };
    this.#asking = createAskingBus(
      settings,
      { ...deps, openChannel },
      (exchange, unit, points) => this.#readSensor(exchange, unit, points),
      { repliesTell: true },
    );
  }

  async read(request: ReadRequest, signal: AbortSignal): Promise<readonly Sample[]> {
    try {
      return await this.#asking.read(request, AbortSignal.any([signal, this.#closing.signal]));
    } catch (error) {
      if (signal.aborted) this.#lullaby = this.#sleepAll();
      else if (this.#closing.signal.aborted) return faultySamples(request.points, CLOSED, this.#now());
      throw error;
    }
  }

  hints(): readonly string[] {
    return this.#asking.hints?.() ?? [];
  }

  counters(): BusCounters {
    return this.#asking.counters();
  }

  unitCounters(address: string): UnitCounters | undefined {
    return this.#asking.unitCounters(address);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#lullaby;
    await this.#sleepAll();
    await this.#asking.close();
  }

  /** What powers the adapter usually powers the sensor. */
  #opened(): void {
    this.#openedAt = this.#now();
    for (const attached of this.#sensors.values()) attached.startedAt(this.#openedAt);
  }

  #attached({ sensor }: SensorSettings): Attached {
    const known = this.#sensors.get(sensor) ?? new Attached(sensor, this.#openedAt);
    this.#sensors.set(sensor, known);
    return known;
  }

  async #readSensor(
    exchange: Exchange,
    { section }: UnitSettings,
    points: readonly FieldPoint[],
  ): Promise<readonly Sample[]> {
    const own = sensorSettings(section);
    if (own === undefined) return faultySamples(points, NO_SENSOR, this.#now());
    const attached = this.#attached(own);
    try {
      const { telegram, at, doubt } = await (own.dutyCycle
        ? measureInCycle(exchange, attached, own)
        : measureAwake(exchange, attached));
      return doubted(samplesOf(points, telegram, at), doubt ?? attached.doubtAt(at, own));
    } catch (error) {
      if (!(error instanceof UartError)) throw error;
      return faultySamples(points, { code: error.code, detail: error.message }, error.at);
    }
  }

  /** Those that a read left awake, since it was broken off. */
  async #sleepAll(): Promise<void> {
    await withTimeLimit(new AbortController().signal, CLOSING_MS, async (scope) => {
      for (const attached of this.#sensors.values()) {
        if (!attached.awake) continue;
        try {
          await this.#asking.talk('', (exchange) => toSleep(exchange, attached), scope);
        } catch {
          // It runs on: nobody is there to tell, and nothing is lost but its lifetime.
        }
      }
    });
  }
}

/** A bus for one sensor. Connects nothing before the first read. */
export const createUartBus = (settings: BusSettings, deps: BusDeps): Bus => new UartBus(settings, deps);
