import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Channel } from '../../drivers/channel/channel.js';
import type { Bus, BusDeps, UnitSettings } from '../../drivers/driver.js';
import type { ProfilePoint } from '../../drivers/profile.js';
import type { Sample } from '../../drivers/sample.js';
import { createRandom } from '../../drivers/simulator/random.js';
import { createSpoiltLine, UNSPOILT, type Spoil, type SpoiltLine } from '../support/spoilt-line.js';

/** A driver's bus, a device that it reads, and what serves that. */
export interface DriverSubject {
  readonly name: string;
  readonly unit: UnitSettings;
  readonly points: readonly ProfilePoint[];
  /** Serves the device on one opening of the line; its values stand still, but for those that `sound` judges. */
  readonly serve: (channel: Channel) => void;
  readonly openBus: (deps: BusDeps, line: SpoiltLine) => Bus;
  /** With what the protocol's telegrams begin, and what makes them look long. */
  readonly beginning: Uint8Array;
  /** Whether a value that was read while the line was bad is right; absent: it is the one of the sound line. */
  readonly sound?: (sample: Sample, before: Sample['value']) => boolean;
  /** The protocol has nothing to tell damaged characters by. */
  readonly unchecked?: boolean;
  /** A device that says nothing has nothing to say. */
  readonly mayBeSilent?: boolean;
}

interface LineFault {
  readonly name: string;
  readonly begin: (line: SpoiltLine, subject: DriverSubject) => (() => void) | void;
  /** What every read must say meanwhile; absent: a value that is right, or any fault. */
  readonly says?: 'values' | 'faults';
  /** Absent: a few. */
  readonly reads?: number;
  readonly skips?: (subject: DriverSubject) => boolean;
}

const READS = 2;
/** From the fault's end to the first sound read at most. */
const RECOVERY_MS = 30_000;
const PAUSE_MS = 1_000;
const COLLECTIONS = 20;
/** Bytes of an endless input: at each beat so many. */
const FLOOD_BYTES = 8_192;
const FLOOD_BEATS = 16;
/** Of the input whose bytes are counted afterwards. */
const LONG_FLOOD_BEATS = 256;
const FLOOD_MS = 100;
/** Half of what floods in: a driver that keeps it keeps more. */
const MOST_KEPT_BYTES = (FLOOD_BYTES * LONG_FLOOD_BEATS) / 2;

const noiseOf = (random: () => number, length: number): Uint8Array =>
  Uint8Array.from({ length }, () => Math.floor(random() * 256));

const spoiling =
  (create: (random: () => number) => Spoil) =>
  (line: SpoiltLine): void =>
    line.spoil(create(createRandom(7)));

const repeated = (bytes: Uint8Array): Uint8Array =>
  Uint8Array.from({ length: FLOOD_BYTES }, (_, index) => bytes[index % bytes.length] ?? 0);

/** Floods the line, from now on, until that is enough. */
const flooding =
  (bytes: (subject: DriverSubject) => Uint8Array) =>
  (line: SpoiltLine, subject: DriverSubject): (() => void) => {
    const flood = bytes(subject);
    let beats = 0;
    line.spoil(() => []);
    line.inject(subject.beginning);
    const timer = setInterval(() => {
      if (beats++ < FLOOD_BEATS) line.inject(flood);
    }, FLOOD_MS);
    return () => clearInterval(timer);
  };

const NOISE = noiseOf(createRandom(11), FLOOD_BYTES);
const LINE_ENDS = repeated(Uint8Array.of(0x0a));
const DIGITS = repeated(Uint8Array.of(0x31));

/** What comes without an end. */
const FLOODS: readonly { readonly name: string; readonly bytes: (subject: DriverSubject) => Uint8Array }[] = [
  { name: 'endless noise', bytes: () => NOISE },
  { name: 'endless beginnings', bytes: ({ beginning }) => repeated(beginning) },
  { name: 'endless ends of lines', bytes: () => LINE_ENDS },
  { name: 'an endless telegram', bytes: () => DIGITS },
];

const FAULTS: readonly LineFault[] = [
  {
    name: 'telegrams that come byte by byte',
    says: 'values',
    begin: spoiling(() => (bytes) => Array.from(bytes, (byte) => Uint8Array.of(byte))),
  },
  {
    name: 'telegrams that break off',
    begin: spoiling((random) => (bytes) => [bytes.subarray(0, Math.floor(random() * bytes.length))]),
  },
  {
    name: 'telegrams without their beginning',
    begin: spoiling((random) => (bytes) => [bytes.subarray(1 + Math.floor(random() * bytes.length))]),
  },
  {
    name: 'garbage between telegrams',
    begin: spoiling((random) => (bytes) => [noiseOf(random, 1 + Math.floor(random() * 40)), bytes]),
  },
  {
    name: 'damaged characters',
    reads: 25,
    skips: ({ unchecked = false }) => unchecked,
    begin: spoiling((random) => (bytes) => {
      // Some telegrams come whole, so that an exchange of several gets on.
      if (random() < 0.5) return [bytes];
      const at = Math.floor(random() * bytes.length);
      return [bytes.with(at, (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 7)))];
    }),
  },
  {
    name: 'silence',
    says: 'faults',
    skips: ({ mayBeSilent = false }) => mayBeSilent,
    begin: spoiling(() => () => []),
  },
  {
    name: 'an unplugged adapter',
    says: 'faults',
    begin: (line) => {
      line.pull();
      return () => line.plug();
    },
  },
  ...FLOODS.map(({ name, bytes }) => ({ name, begin: flooding(bytes) })),
];

/** Runs virtual time until a promise has settled. */
const settled = async <T>(promise: Promise<T>): Promise<T> => {
  const state = { over: false };
  const end = (): void => void (state.over = true);
  promise.then(end, end);
  for (;;) {
    // What can go on without time goes on first.
    await new Promise((resolve) => setImmediate(resolve));
    if (state.over) break;
    await vi.advanceTimersToNextTimerAsync();
  }
  return promise;
};

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

const inUse = (): number => {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

/** Bytes in use once all garbage is collected; what buffers held is given back a few turns later. */
const leastInUse = async (enough: number): Promise<number> => {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  let least = Infinity;
  for (let turn = 0; turn < COLLECTIONS && (turn === 0 || least > enough); turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    if (typeof collect === 'function') collect();
    least = Math.min(least, inUse());
  }
  return least;
};

/** A bus with its line, and what reads it. */
class Reading {
  readonly subject: DriverSubject;
  readonly line: SpoiltLine;
  readonly bus: Bus;
  #never = new AbortController().signal;

  constructor(subject: DriverSubject) {
    this.subject = subject;
    this.line = createSpoiltLine(subject.serve);
    const deps: BusDeps = {
      openChannel: () => this.line.open(),
      now: () => performance.now(),
      delay: (ms, signal) =>
        new Promise((resolve, reject) => {
          if (signal?.aborted === true) return reject(signal.reason);
          const abort = (): void => {
            clearTimeout(timer);
            reject(signal?.reason);
          };
          const timer = setTimeout(() => {
            signal?.removeEventListener('abort', abort);
            resolve();
          }, ms);
          signal?.addEventListener('abort', abort, { once: true });
        }),
    };
    this.bus = subject.openBus(deps, this.line);
  }

  /** One read; of each point at least one sample came. */
  async read(): Promise<readonly Sample[]> {
    const { unit, points } = this.subject;
    const samples = await settled(this.bus.read({ unit, points }, this.#never));
    expect(new Set(samples.map(({ point }) => point))).toEqual(new Set(points.map(({ key }) => key)));
    return samples;
  }

  /** Reads until every point has a sound value again; gives those. */
  async recovered(): Promise<ReadonlyMap<string, Sample['value']>> {
    const from = performance.now();
    for (;;) {
      const samples = await this.read();
      const faults = samples.flatMap(({ fault }) => fault ?? []);
      if (faults.length === 0) return new Map(samples.map(({ point, value }) => [point, value]));
      if (performance.now() > from + RECOVERY_MS)
        throw new Error(`no sound read in ${RECOVERY_MS} ms: ${JSON.stringify(faults)}`);
      await pass(PAUSE_MS);
    }
  }
}

const judge = (
  reading: Reading,
  samples: readonly Sample[],
  before: ReadonlyMap<string, Sample['value']>,
  says: LineFault['says'],
): void => {
  const { sound } = reading.subject;
  for (const sample of samples) {
    if (says === 'faults') expect(sample).toMatchObject({ value: null });
    if (says === 'values') expect(sample.fault).toBeUndefined();
    if (sample.value === null) expect(sample.fault).toBeDefined();
    else if (sound === undefined)
      expect([sample.point, sample.value]).toEqual([sample.point, before.get(sample.point)]);
    else
      expect([sample.point, sample.value, sound(sample, before.get(sample.point) ?? null)]).toContain(true);
  }
};

/** What every driver survives, on a line whose time jumps. */
export const driverFaultSuite = (subjects: readonly DriverSubject[]): void => {
  beforeEach(() => {
    vi.useFakeTimers({
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance', 'Date'],
    });
  });
  afterEach(() => vi.useRealTimers());

  describe.each(subjects)('$name', (subject) => {
    const faults = FAULTS.filter(({ skips }) => skips?.(subject) !== true);
    it.each(faults)('survives $name, says nothing wrong, and recovers', async (fault) => {
      const reading = new Reading(subject);
      const before = await reading.recovered();
      const end = fault.begin(reading.line, subject);
      // What was heard before the line went bad may still be told once.
      judge(reading, await reading.read(), before, fault.says === 'values' ? 'values' : undefined);
      for (let read = 0; read < (fault.reads ?? READS); read++) {
        await pass(PAUSE_MS);
        judge(reading, await reading.read(), before, fault.says);
      }
      end?.();
      reading.line.spoil(UNSPOILT);
      const after = await reading.recovered();
      if (subject.sound === undefined) expect(after).toEqual(before);
      await settled(reading.bus.close());
    });

    it('keeps nothing of an endless telegram, also while it waits for a reply', async () => {
      const reading = new Reading(subject);
      await reading.recovered();
      reading.line.spoil(() => []);
      const before = await leastInUse(Infinity);
      const asked = reading.read();
      await pass(1);
      reading.line.inject(subject.beginning);
      for (let beat = 0; beat < LONG_FLOOD_BEATS; beat++) reading.line.inject(DIGITS);
      const allowed = before + MOST_KEPT_BYTES;
      expect(await leastInUse(allowed)).toBeLessThan(allowed);
      await asked;
      await settled(reading.bus.close());
    });
  });
};
