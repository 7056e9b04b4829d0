import type { Bus, BusCounters, ReadRequest } from '../../../drivers/driver.js';
import type { Sample } from '../../../drivers/sample.js';
import type { ProfilePoint } from '../../../drivers/profile.js';
import type { ConfiguredDevice, ConfiguredPoint } from '../../../agent/twin/configuration.js';

interface Timer {
  readonly due: number;
  readonly fire: () => void;
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Monotonic time that moves only when told to, with the delays that hang on it. */
export class VirtualDelays {
  now = 0;
  #timers: Timer[] = [];

  readonly delay = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const fire = (): void => {
        signal?.removeEventListener('abort', abort);
        resolve();
      };
      const timer = { due: this.now + ms, fire };
      const abort = (): void => {
        this.#timers = this.#timers.filter((other) => other !== timer);
        reject(signal?.reason);
      };
      this.#timers.push(timer);
      if (signal?.aborted === true) abort();
      signal?.addEventListener('abort', abort, { once: true });
    });

  /** Lets `ms` pass, firing what comes due in order. */
  async pass(ms: number): Promise<void> {
    const end = this.now + ms;
    for (;;) {
      await settle();
      const next = this.#timers.toSorted((a, b) => a.due - b.due)[0];
      if (next === undefined || next.due > end) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.now = Math.max(this.now, next.due);
      next.fire();
    }
    this.now = end;
    await settle();
  }
}

const NO_COUNTERS: BusCounters = {
  requests: 0,
  ok: 0,
  timeouts: 0,
  checksumErrors: 0,
  exceptions: 0,
  lateReplies: 0,
  reconnects: 0,
  load: 0,
};

export type Answer = (request: ReadRequest) => { readonly takesMs: number; readonly sample: Partial<Sample> };

/** A line with the answers that a test wants; one request at a time, as the contract says. */
export class ScriptedBus implements Bus {
  readonly reads: { readonly at: number; readonly address: string; readonly points: readonly string[] }[] =
    [];
  readonly #time: VirtualDelays;
  #turn: Promise<unknown> = Promise.resolve();
  answer: Answer = () => ({ takesMs: 10, sample: { value: 1 } });

  constructor(time: VirtualDelays) {
    this.#time = time;
  }

  read(request: ReadRequest, signal: AbortSignal): Promise<readonly Sample[]> {
    const mine = this.#turn.then(() => this.#read(request, signal));
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  counters(): BusCounters {
    return NO_COUNTERS;
  }

  unitCounters(): undefined {
    return undefined;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #read(request: ReadRequest, signal: AbortSignal): Promise<readonly Sample[]> {
    const at = this.#time.now;
    this.reads.push({ at, address: request.unit.address, points: request.points.map(({ key }) => key) });
    const { takesMs, sample } = this.answer(request);
    await this.#time.delay(takesMs, signal);
    return request.points.map(({ key }) => ({
      point: key,
      value: null,
      raw: new Uint8Array(),
      at,
      ...sample,
    }));
  }
}

export const profilePoint = (key: string, more: Partial<ProfilePoint> = {}): ProfilePoint => ({
  key,
  name: key,
  kind: 'gauge',
  property: 'active_power',
  unit: 'W',
  valueType: 'float',
  scale: 1,
  offset: 0,
  register: { table: 'holding', address: 0, type: 'uint16', order: 'AB', length: 1, sentinels: [] },
  vectors: [],
  ...more,
});

export const point = (
  key: string,
  more: Partial<ConfiguredPoint> = {},
  map: Partial<ProfilePoint> = {},
): ConfiguredPoint => ({
  map: profilePoint(key, map),
  kind: 'gauge',
  intervalMs: 1000,
  maxHoldMs: 60_000,
  heartbeatMs: 60_000,
  windows: [],
  tests: {},
  ...more,
});

export const device = (
  key: string,
  points: readonly ConfiguredPoint[],
  more: Partial<ConfiguredDevice> = {},
): ConfiguredDevice => ({
  key,
  name: `Device ${key}`,
  bus: 'line',
  address: key,
  profile: {
    id: 'terroir/test',
    maker: 'terroir',
    model: 'test',
    protocol: 'modbus',
    source: { document: 'none', synthetic: true },
    maxRegisters: 125,
    minIntervalMs: 0,
    defaultIntervalMs: 1000,
    points: points.map(({ map }) => map),
    hash: '',
  },
  installation: { ratio: 1, offset: 0 },
  points,
  ...more,
});
