import type { ConfiguredDevice, ConfiguredPoint } from '../twin/configuration.js';

/** The points of one device that are due together. */
export interface DuePoll {
  readonly device: ConfiguredDevice;
  readonly points: readonly ConfiguredPoint[];
  /** How late the poll is for its newest deadline, ms. */
  readonly lagMs: number;
  /** Deadlines that passed without a poll since the last one. */
  readonly missed: number;
}

/** One device; times are monotonic ms. */
interface Scheduled {
  readonly device: ConfiguredDevice;
  /** The device bears no poll before. */
  notBefore: number;
  suspended: boolean;
}

/** The points of one device that share an interval. `due` is their next deadline, monotonic ms. */
interface Group {
  readonly of: Scheduled;
  readonly points: readonly ConfiguredPoint[];
  readonly intervalMs: number;
  /** From a deadline until the value of the poll before is too old. */
  readonly slackMs: number;
  /** Offset of the deadlines from the start, within the interval. */
  readonly phaseMs: number;
  due: number;
  polled: boolean;
  /** Wanted once beside the deadlines. */
  wanted: boolean;
}

const groupsOf = (device: ConfiguredDevice, share: number, startedAt: number): readonly Group[] => {
  const byInterval = new Map<number, ConfiguredPoint[]>();
  for (const point of device.points) {
    const points = byInterval.get(point.intervalMs);
    if (points === undefined) byInterval.set(point.intervalMs, [point]);
    else points.push(point);
  }
  const phaseMs = share * Math.min(...byInterval.keys());
  const of = { device, notBefore: startedAt, suspended: false };
  return [...byInterval].map(([intervalMs, points]) => ({
    of,
    points,
    intervalMs,
    slackMs: Math.max(0, Math.min(...points.map(({ maxHoldMs }) => maxHoldMs)) - intervalMs),
    phaseMs,
    due: startedAt,
    polled: false,
    wanted: false,
  }));
};

const NOBODY: ReadonlySet<ConfiguredDevice> = new Set();

const readyAt = ({ due, wanted, of }: Group): number => {
  if (of.suspended) return Infinity;
  return Math.max(wanted ? -Infinity : due, of.notBefore);
};

/**
 * When each device of one bus is polled, on monotonic time. Everything is due at the start, so that a restart
 * shows values at once; from then on deadlines lie on a grid whose phase spreads the devices over their
 * shortest interval, the same for all groups of a device, so that its slow points ride along with its fast ones.
 * Deadlines never drift, and those that pass while the line is busy are counted, not caught up with. No device is
 * polled twice within the shortest interval that its profile allows.
 */
export class PollSchedule {
  readonly #startedAt: number;
  readonly #groups: readonly Group[];

  constructor(devices: readonly ConfiguredDevice[], startedAt: number) {
    this.#startedAt = startedAt;
    this.#groups = devices.flatMap((device, index) => groupsOf(device, index / devices.length, startedAt));
  }

  /** The earliest deadline, of devices that are not being polled; Infinity where nothing is. */
  nextDue(busy: ReadonlySet<ConfiguredDevice> = NOBODY): number {
    return this.#groups
      .filter(({ of }) => !busy.has(of.device))
      .reduce((earliest, group) => Math.min(earliest, readyAt(group)), Infinity);
  }

  /**
   * Of the devices whose deadline has passed the one whose values will be too old first, with all its points that
   * are due. Those that are being polled are left out.
   */
  take(now: number, busy: ReadonlySet<ConfiguredDevice> = NOBODY): DuePoll | undefined {
    const first = this.#groups.reduce<Group | undefined>((soonest, group) => {
      if (readyAt(group) > now || busy.has(group.of.device)) return soonest;
      const tooOldAt = soonest === undefined ? Infinity : soonest.due + soonest.slackMs;
      return group.due + group.slackMs < tooOldAt ? group : soonest;
    }, undefined);
    if (first === undefined) return undefined;
    const points: ConfiguredPoint[] = [];
    let lagMs = 0;
    let missed = 0;
    for (const group of this.#groups) {
      if (group.of !== first.of || (group.due > now && !group.wanted)) continue;
      group.wanted = false;
      points.push(...group.points);
      if (group.due > now) continue;
      const passed = Math.floor((now - group.due) / group.intervalMs);
      lagMs = Math.max(lagMs, now - group.due - passed * group.intervalMs);
      missed += passed;
      this.#advance(group, passed);
    }
    const { device } = first.of;
    this.asked(device, now);
    return { device, points, lagMs, missed };
  }

  /** Polls such points once as soon as their device bears it, beside their deadlines. */
  want(which: (point: ConfiguredPoint) => boolean): void {
    for (const group of this.#groups) if (group.points.some(which)) group.wanted = true;
  }

  /** The device was asked beside its deadlines, or is being asked: it bears no poll within its minimum interval. */
  asked(device: ConfiguredDevice, now: number): void {
    for (const { of } of this.#groups)
      if (of.device === device) of.notBefore = now + device.profile.minIntervalMs;
  }

  /** When the device bears to be asked again, monotonic ms. */
  notBefore(device: ConfiguredDevice): number {
    return this.#groups.find(({ of }) => of.device === device)?.of.notBefore ?? this.#startedAt;
  }

  /** The device is left alone until `resume`. */
  suspend(device: ConfiguredDevice): void {
    for (const { of } of this.#groups) if (of.device === device) of.suspended = true;
  }

  resume(device: ConfiguredDevice): void {
    for (const { of } of this.#groups) if (of.device === device) of.suspended = false;
  }

  /** Lets a device's deadlines before `until` pass; gives how many those were. */
  postpone(device: ConfiguredDevice, until: number): number {
    let passed = 0;
    for (const group of this.#groups) {
      if (group.of.device !== device || group.due >= until) continue;
      const skipped = Math.ceil((until - group.due) / group.intervalMs);
      group.due += skipped * group.intervalMs;
      passed += skipped;
    }
    return passed;
  }

  #advance(group: Group, passed: number): void {
    group.due += (passed + 1) * group.intervalMs;
    if (group.polled) return;
    group.polled = true;
    const now = group.due - group.intervalMs;
    const onGrid = this.#startedAt + group.phaseMs;
    const soonest = now + Math.max(group.of.device.profile.minIntervalMs, group.intervalMs / 2);
    const steps = Math.max(0, Math.ceil((soonest - onGrid) / group.intervalMs));
    group.due = onGrid + steps * group.intervalMs;
  }
}
