import type { Bus, BusDeps, UnitCounters, WriteResult } from '../../drivers/driver.js';
import type { Sample } from '../../drivers/sample.js';
import type { ConfiguredDevice, ConfiguredPoint } from '../twin/configuration.js';
import { unitSettings } from '../twin/unit-settings.js';
import type { DeviceQuestion } from './device-question.js';
import { AcquisitionError } from './errors.js';
import { KeepingUp, type Behind } from './keeping-up.js';
import { PollSchedule, type DuePoll } from './poll-schedule.js';
import { PollsUnderWay } from './polls-under-way.js';
import { Breakers, type BreakerState } from './unit-breaker.js';
import { UrgentJobs } from './urgent-jobs.js';
import { writePoint, type PointWrite } from './write-point.js';

/** Timers take no longer delay. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;
const NO_BYTES = new Uint8Array(0);
const STOPPED = 'The bus worker was stopped.';

export interface BusWorkerDeps<Seen> {
  readonly bus: Bus;
  /** The devices of this bus. */
  readonly devices: readonly ConfiguredDevice[];
  /** Monotonic ms. */
  readonly now: () => number;
  readonly delay: BusDeps['delay'];
  /** The samples of one poll, one for each point that was due. */
  readonly onSamples: (device: ConfiguredDevice, samples: readonly Sample[]) => void;
  /** The samples of what a technician asked for, oldest first; gives what he is shown. */
  readonly onAsked: (device: ConfiguredDevice, samples: readonly Sample[]) => Seen;
  /** The driver broke its contract; the poll's points get samples with a fault all the same. */
  readonly onDriverError: (device: ConfiguredDevice, cause: unknown) => void;
  /** Once a minute, while the line is too slow for what is asked of it. */
  readonly onBehind: (behind: Behind) => void;
  /** A device is left alone for want of answers, or answers again. */
  readonly onBreaker: (device: ConfiguredDevice, state: 'open' | 'closed') => void;
}

/** Polls since the start, by outcome: a poll is one read of one device. */
export interface PollCounters {
  /** Every point answered (with a value, or with the device's own "no value"). */
  ok: number;
  /** Some point had no answer. */
  timeouts: number;
  /** All answered, some with a broken frame, an exception or undecodable bytes. */
  errors: number;
  /** Deadlines passed without a poll: the line was busy, or the device silent and left alone for a while. */
  missed: number;
  /** How late the last poll was, ms. */
  lagMs: number;
  maxLagMs: number;
}

export interface DevicePolls extends Readonly<PollCounters> {
  readonly breaker: BreakerState;
  /** Requests by outcome, and what was learned; absent before the first. */
  readonly unit?: UnitCounters;
}

export interface BusWorkerCounters extends Readonly<PollCounters> {
  /** How many times faster the bus would have to be for its deadlines of the last minute; 1 where it keeps up. */
  readonly behindFactor: number;
  readonly devices: ReadonlyMap<string, DevicePolls>;
}

/** What a read at once came to: something, or that the device bears none before this time, monotonic ms. */
export type ReadAtOnce<Seen> = { readonly seen: Seen } | { readonly notBefore: number };

const noPolls = (): PollCounters => ({ ok: 0, timeouts: 0, errors: 0, missed: 0, lagMs: 0, maxLagMs: 0 });

/** Nothing came from the device. */
export const unanswered = ({ fault }: Sample): boolean =>
  fault?.code === 'timeout' || fault?.code === 'closed';
const broken = ({ fault }: Sample): boolean =>
  fault !== undefined && fault.code !== 'sentinel' && fault.code !== 'sensor';

const outcomeOf = (samples: readonly Sample[]): 'ok' | 'timeouts' | 'errors' => {
  if (samples.some(unanswered)) return 'timeouts';
  return samples.some(broken) ? 'errors' : 'ok';
};

/**
 * The one thing that uses a bus: polls its devices by their deadlines, one read at a time but for reads that leave the
 * line to others while the device measures, and lets a technician's reads and writes go first. A device whose last poll got no answer at all is asked for a single point first; after
 * three such polls it is left alone but for probes (`Breakers`), which take a hundredth of the line together.
 * The bus stays open when the worker stops; it belongs to who opened it.
 */
export class BusWorker<Seen> {
  readonly #deps: BusWorkerDeps<Seen>;
  readonly #stopping = new AbortController();
  readonly #urgent = new UrgentJobs<PollSchedule>();
  readonly #total = noPolls();
  readonly #polled: ReadonlyMap<string, PollCounters>;
  readonly #breakers: Breakers;
  readonly #keepingUp: KeepingUp;
  #sleeping: AbortController | undefined;
  #running: Promise<void> | undefined;
  #schedule: PollSchedule | undefined;

  constructor(deps: BusWorkerDeps<Seen>) {
    this.#deps = deps;
    this.#polled = new Map(deps.devices.map(({ key }) => [key, noPolls()]));
    this.#breakers = new Breakers(deps.devices, deps.now());
    this.#keepingUp = new KeepingUp(deps.now());
  }

  start(): void {
    this.#schedule ??= new PollSchedule(this.#deps.devices, this.#deps.now());
    this.#running ??= this.#run(this.#schedule);
  }

  /** Ends the poll under way and refuses what waits; resolves when the line is quiet. */
  async stop(): Promise<void> {
    this.#stopping.abort(new AcquisitionError('stopped', STOPPED));
    this.#sleeping?.abort();
    await this.#running;
    this.#urgent.refuseAll(this.#stopping.signal.reason);
  }

  /** Polls such points once beside their deadlines, as soon as the line is free. */
  want(which: (point: ConfiguredPoint) => boolean): void {
    this.#schedule?.want(which);
    this.#sleeping?.abort();
  }

  /**
   * Reads a device before any further poll; a poll under way is finished first. A device that answered its last
   * poll is not asked within its minimum interval. Rejects with the signal's reason when aborted before the device
   * is asked, with `AcquisitionError` `stopped` once the worker stops.
   */
  async readNow(device: ConfiguredDevice, signal: AbortSignal): Promise<ReadAtOnce<Seen>> {
    return await this.#first(device, signal, async (schedule) => {
      const now = this.#deps.now();
      const notBefore = schedule.notBefore(device);
      if (notBefore > now && !this.#breakers.doubtful(device)) return { notBefore };
      schedule.asked(device, now);
      const samples = await this.#pollSamples(device, device.points);
      if (samples === undefined) throw new AcquisitionError('stopped', STOPPED);
      return { seen: this.#asked(schedule, device, samples) };
    });
  }

  /** Writes a point before any further poll, its minimum interval or not. Rejects as `readNow` and `writePoint` do. */
  async writeNow(write: PointWrite, signal: AbortSignal): Promise<WriteResult> {
    const { device } = write;
    return await this.#first(device, signal, async (schedule) => {
      const now = this.#deps.now();
      const result = await writePoint(this.#deps.bus, write, this.#stopping.signal);
      schedule.asked(device, now);
      const { before, after } = result;
      this.#asked(schedule, device, after === undefined ? [before] : [before, after]);
      return result;
    });
  }

  /**
   * Asks a device something beside its points before any further poll, its minimum interval or not; the next poll keeps
   * it. Rejects as `readNow` does.
   */
  async askNow<T>(device: ConfiguredDevice, question: DeviceQuestion<T>, signal: AbortSignal): Promise<T> {
    return await this.#first(device, signal, async (schedule) => {
      const now = this.#deps.now();
      const { result, answered } = await question(this.#deps.bus, this.#stopping.signal);
      schedule.asked(device, now);
      if (answered) this.#answered(schedule, device);
      return result;
    });
  }

  counters(): BusWorkerCounters {
    const devices = this.#deps.devices.map((device): [string, DevicePolls] => {
      const unit = this.#deps.bus.unitCounters(device.address);
      const polls = this.#polled.get(device.key) ?? noPolls();
      const breaker = this.#breakers.state(device);
      return [device.key, { ...polls, breaker, ...(unit === undefined ? {} : { unit }) }];
    });
    return { ...this.#total, behindFactor: this.#keepingUp.factor, devices: new Map(devices) };
  }

  async #run(schedule: PollSchedule): Promise<void> {
    const underWay = new PollsUnderWay(() => this.#sleeping?.abort());
    while (!this.#stopping.signal.aborted) {
      const urgent = this.#urgent.take(underWay.devices);
      if (urgent !== undefined) {
        await urgent.run(schedule);
        continue;
      }
      const now = this.#deps.now();
      const probed = this.#breakers.takeProbe(now);
      if (probed !== undefined) schedule.asked(probed, now);
      const due =
        probed === undefined
          ? schedule.take(now, underWay.devices)
          : { device: probed, points: probed.points, lagMs: 0, missed: schedule.postpone(probed, now) };
      if (due === undefined) {
        const next = Math.min(schedule.nextDue(underWay.devices), this.#breakers.nextProbe());
        await this.#sleepUntil(next);
        continue;
      }
      const poll = this.#poll(schedule, due, probed !== undefined);
      if (probed === undefined && this.#leavesLine(due)) underWay.add(due.device, poll);
      else await poll;
    }
    await underWay.ended();
  }

  /** Others are polled meanwhile. */
  #leavesLine({ device, points }: DuePoll): boolean {
    const { bus } = this.#deps;
    return bus.leavesLine?.({ unit: unitSettings(device), points: points.map(({ map }) => map) }) ?? false;
  }

  async #sleepUntil(due: number): Promise<void> {
    const sleeping = new AbortController();
    this.#sleeping = sleeping;
    const ms = Math.min(Math.max(due - this.#deps.now(), 0), LONGEST_DELAY_MS);
    try {
      await this.#deps.delay(ms, sleeping.signal);
    } catch (cause) {
      if (!sleeping.signal.aborted) throw cause;
    } finally {
      this.#sleeping = undefined;
    }
  }

  async #first<T>(
    device: ConfiguredDevice,
    signal: AbortSignal,
    work: (schedule: PollSchedule) => Promise<T>,
  ): Promise<T> {
    signal.throwIfAborted();
    this.#stopping.signal.throwIfAborted();
    const done = this.#urgent.add(device, signal, work);
    this.#sleeping?.abort();
    return await done;
  }

  /** Silence here is no poll missed: the breaker hears of answers alone. */
  #asked(schedule: PollSchedule, device: ConfiguredDevice, samples: readonly Sample[]): Seen {
    if (!samples.every(unanswered)) this.#answered(schedule, device);
    return this.#deps.onAsked(device, samples);
  }

  async #poll(schedule: PollSchedule, due: DuePoll, probe: boolean): Promise<void> {
    const { device } = due;
    const began = this.#deps.now();
    const samples = await this.#pollSamples(device, due.points);
    if (samples === undefined) return;
    if (samples.length > 0 && samples.every(unanswered)) this.#silent(schedule, device, began);
    else this.#answered(schedule, device);
    for (const counters of [this.#polled.get(device.key) ?? noPolls(), this.#total]) {
      counters[outcomeOf(samples)] += 1;
      counters.missed += due.missed;
      counters.lagMs = due.lagMs;
      counters.maxLagMs = Math.max(counters.maxLagMs, due.lagMs);
    }
    const behind = probe ? undefined : this.#keepingUp.add(this.#deps.now(), due.missed);
    if (behind !== undefined) this.#deps.onBehind(behind);
    this.#deps.onSamples(device, samples);
  }

  #silent(schedule: PollSchedule, device: ConfiguredDevice, began: number): void {
    const now = this.#deps.now();
    if (!this.#breakers.silent(device, now, now - began)) return;
    schedule.suspend(device);
    this.#deps.onBreaker(device, 'open');
  }

  #answered(schedule: PollSchedule, device: ConfiguredDevice): void {
    const now = this.#deps.now();
    if (!this.#breakers.answered(device, now)) return;
    schedule.postpone(device, now);
    schedule.resume(device);
    this.#deps.onBreaker(device, 'closed');
  }

  /** One sample or more for each point; `undefined` where the worker is stopping. */
  async #pollSamples(
    device: ConfiguredDevice,
    points: readonly ConfiguredPoint[],
  ): Promise<readonly Sample[] | undefined> {
    const { signal } = this.#stopping;
    try {
      return await (this.#breakers.doubtful(device)
        ? this.#probe(device, points)
        : this.#ask(device, points, signal));
    } catch (cause) {
      if (signal.aborted) return undefined;
      this.#deps.onDriverError(device, cause);
      const fault = { code: 'frame', detail: `The driver failed: ${String(cause)}` } as const;
      const at = this.#deps.now();
      return points.map(({ map }) => ({ point: map.key, value: null, raw: NO_BYTES, at, fault }));
    }
  }

  async #probe(device: ConfiguredDevice, points: readonly ConfiguredPoint[]): Promise<readonly Sample[]> {
    const rest = points.slice(1);
    const [answer, ...more] = await this.#ask(device, points.slice(0, 1), this.#stopping.signal);
    if (answer === undefined || rest.length === 0) return answer === undefined ? [] : [answer, ...more];
    if (unanswered(answer)) return [answer, ...rest.map(({ map }) => ({ ...answer, point: map.key }))];
    return [answer, ...(await this.#ask(device, rest, this.#stopping.signal))];
  }

  #ask(
    device: ConfiguredDevice,
    points: readonly ConfiguredPoint[],
    signal: AbortSignal,
  ): Promise<readonly Sample[]> {
    const request = { unit: unitSettings(device), points: points.map(({ map }) => map) };
    return this.#deps.bus.read(request, signal);
  }
}
