import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ClockSource, SourceTime } from '../../../agent/clock/clock-source.js';
import type { KnownClock } from '../../../agent/clock/clock.js';
import { createClock } from '../../../agent/clock/gateway-clock.js';
import { VirtualTime } from '../../support/virtual-time.js';

const TRUE_TIME = Date.UTC(2026, 10, 21, 12);
const HOUR = 3_600_000;

/** A device that tells what the test lets it tell. */
const makeReceiver = () => {
  const listeners = new Set<(time: SourceTime) => void>();
  const source: ClockSource = {
    start: (tell) => {
      listeners.add(tell);
      return () => void listeners.delete(tell);
    },
  };
  const tell = (time: SourceTime): void => {
    for (const listener of listeners) listener(time);
  };
  return { source, tell, listeners };
};

const makeClock = (options: { wall?: number; disciplined?: boolean } = {}) => {
  const time = new VirtualTime({ monotonic: 30_000, wall: options.wall ?? 5_000 });
  const system = { disciplined: options.disciplined ?? false };
  const receiver = makeReceiver();
  const clock = createClock({
    boot: 'b1',
    monotonic: () => time.monotonic,
    wall: () => time.wall,
    disciplined: () => system.disciplined,
    every: (ms, callback) => time.every(ms, callback),
    sources: [receiver.source],
  });
  const told: KnownClock[] = [];
  clock.onKnown((known) => told.push(known));
  const syncs: number[] = [];
  clock.onKnown(({ offsetMs, uncertaintyMs }) => {
    if (uncertaintyMs === 0) syncs.push(offsetMs);
  });
  return { clock, time, system, told, syncs, receiver };
};

describe('a gateway that boots in 1970', () => {
  it('says so, without a claim to the time', () => {
    const { clock, syncs } = makeClock();
    const { time, state, uncertaintyMs, boot } = clock.now();
    expect({ time, state, boot }).toEqual({ time: 5_000, state: 'unsynced', boot: 'b1' });
    expect(time + uncertaintyMs).toBeGreaterThan(TRUE_TIME);
    expect(syncs).toEqual([]);
  });

  it("takes the fleet's time, and gives earlier moments their true time", () => {
    const { clock, time, syncs } = makeClock();
    const poll = clock.monotonic();
    time.pass(10_000);
    clock.offer(TRUE_TIME, 200);
    expect(clock.now()).toMatchObject({ time: TRUE_TIME + 100, state: 'synced', uncertaintyMs: 0 });
    expect(clock.at(poll).time).toBe(TRUE_TIME + 100 - 10_000);
    expect(syncs).toEqual([TRUE_TIME + 100 - time.monotonic]);
  });

  it('believes no offer that took too long, or is no number', () => {
    const { clock } = makeClock();
    clock.offer(TRUE_TIME, 60_000);
    clock.offer(Number.NaN, 10);
    clock.offer(TRUE_TIME, -5);
    expect(clock.now().state).toBe('unsynced');
  });
});

describe('an answer of the fleet that was long on its way', () => {
  it('is held over with half its round trip as uncertainty, and told with it', () => {
    const { clock, time, told } = makeClock();
    clock.offer(TRUE_TIME, 8_000);
    expect(clock.now()).toMatchObject({ time: TRUE_TIME + 4_000, state: 'holdover', uncertaintyMs: 4_000 });
    time.pass(HOUR);
    expect(clock.now().uncertaintyMs).toBe(4_360);
    const toldAt = time.monotonic - HOUR;
    expect(told).toEqual([{ offsetMs: TRUE_TIME + 4_000 - toldAt, uncertaintyMs: 4_000, toldAt }]);
  });

  it('gives way to a better one, and each better one is told', () => {
    const { clock, time, told, syncs } = makeClock();
    clock.offer(TRUE_TIME, 8_000);
    clock.offer(TRUE_TIME + 1_000, 3_000);
    expect(clock.now()).toMatchObject({ time: TRUE_TIME + 2_500, state: 'holdover', uncertaintyMs: 1_500 });
    // no better, and no other
    clock.offer(TRUE_TIME + 1_500, 6_000);
    clock.offer(TRUE_TIME + 2_000, 100);
    expect(clock.now()).toMatchObject({ time: TRUE_TIME + 2_050, state: 'synced', uncertaintyMs: 0 });
    expect(told.map(({ uncertaintyMs }) => uncertaintyMs)).toEqual([4_000, 1_500, 0]);
    expect(syncs).toEqual([TRUE_TIME + 2_050 - time.monotonic]);
  });

  it('does not unsettle a clock that it agrees with', () => {
    const { clock, syncs } = makeClock();
    clock.offer(TRUE_TIME, 100);
    clock.offer(TRUE_TIME - 3_900, 8_000);
    expect(clock.now()).toMatchObject({ time: TRUE_TIME + 50, state: 'synced', uncertaintyMs: 0 });
    expect(syncs).toHaveLength(1);
  });

  it('never leaves the true time outside what is told of it', () => {
    const trips = fc.array(fc.record({ out: fc.nat(4_900), back: fc.nat(4_900), pause: fc.nat(600_000) }));
    fc.assert(
      fc.property(trips, (asked) => {
        const { clock, time } = makeClock();
        const truth = (): number => TRUE_TIME + time.monotonic;
        for (const { out, back, pause } of asked) {
          const said = truth() + out;
          time.pass(out + back);
          clock.offer(said, out + back);
          time.pass(pause);
          const now = clock.now();
          expect(Math.abs(now.time - truth()) - now.uncertaintyMs).toBeLessThanOrEqual(1_001);
        }
      }),
    );
  });
});

describe("a clock led by the fleet's time", () => {
  it("stays when the system's wall clock jumps, either way", () => {
    const { clock, time, syncs } = makeClock();
    clock.offer(TRUE_TIME, 0);
    for (const jump of [9 * HOUR, -50 * HOUR]) {
      time.wall += jump;
      const before = clock.now().time;
      time.pass(60_000);
      expect(clock.now().time).toBe(before + 60_000);
    }
    expect(syncs).toHaveLength(1);
  });

  it('is led by small differences, and told of a step', () => {
    const { clock, time, syncs } = makeClock();
    clock.offer(TRUE_TIME, 0);
    clock.offer(TRUE_TIME + 300, 100);
    expect(clock.now().time).toBe(TRUE_TIME + 350);
    expect(syncs).toHaveLength(1);
    clock.offer(TRUE_TIME + 20_000, 0);
    expect(syncs.at(-1)).toBe(TRUE_TIME + 20_000 - time.monotonic);
    expect(syncs).toHaveLength(2);
  });

  it('keeps a better knowledge than a slow offer gives', () => {
    const { clock } = makeClock();
    clock.offer(TRUE_TIME, 10);
    clock.offer(TRUE_TIME - 2_000, 6_000);
    expect(clock.now().time).toBe(TRUE_TIME + 5);
  });

  it('is held over after two hours without a word, and synced again by the next', () => {
    const { clock, time } = makeClock();
    clock.offer(TRUE_TIME, 0);
    time.pass(2 * HOUR + 1);
    const held = clock.now();
    expect(held.state).toBe('holdover');
    expect(held.uncertaintyMs).toBeGreaterThan(500);
    clock.offer(held.time, 20);
    expect(clock.now().state).toBe('synced');
  });
});

describe('a clock led by a disciplined system', () => {
  it('is synced at once, and does not listen to the fleet', () => {
    const { clock, syncs, time } = makeClock({ wall: TRUE_TIME, disciplined: true });
    expect(clock.now()).toMatchObject({ time: TRUE_TIME, state: 'synced' });
    clock.offer(TRUE_TIME + HOUR, 0);
    expect(clock.now().time).toBe(TRUE_TIME);
    expect(syncs).toEqual([TRUE_TIME - time.monotonic]);
  });

  it('follows a slew silently and a step once it has stood for a tick', () => {
    const { clock, time, syncs } = makeClock({ wall: TRUE_TIME, disciplined: true });
    time.wall += 40;
    time.pass(10_000);
    expect(clock.now().time).toBe(time.wall);
    expect(syncs).toHaveLength(1);
    time.wall -= HOUR;
    time.pass(10_000);
    expect(clock.now().time).toBe(time.wall + HOUR);
    time.pass(10_000);
    expect(clock.now().time).toBe(time.wall);
    expect(syncs).toHaveLength(2);
  });

  it("does not follow somebody's hand on the clock that ends the discipline", () => {
    const { clock, time, system } = makeClock({ wall: TRUE_TIME, disciplined: true });
    time.wall += 24 * HOUR;
    time.pass(10_000);
    system.disciplined = false;
    time.pass(60_000);
    expect(clock.now()).toMatchObject({ time: TRUE_TIME + 70_000, state: 'synced' });
  });

  it('takes over from the fleet when NTP comes, and hands back when it has been gone for long', () => {
    const { clock, time, system } = makeClock();
    clock.offer(TRUE_TIME, 0);
    time.wall = TRUE_TIME + 400;
    system.disciplined = true;
    time.pass(10_000);
    expect(clock.now().time).toBe(time.wall);
    system.disciplined = false;
    time.pass(3 * HOUR);
    expect(clock.now().state).toBe('holdover');
    clock.offer(time.wall + 5_000, 0);
    expect(clock.now()).toMatchObject({ time: time.wall + 5_000, state: 'synced' });
  });
});

it('never lets wall-clock jumps change how far apart two moments of a synced boot are', () => {
  const jump = fc.integer({ min: -1e12, max: 1e12 });
  const step = fc.record({ jump, pass: fc.integer({ min: 0, max: 100_000 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const { clock, time } = makeClock();
      clock.offer(TRUE_TIME, 0);
      const first = clock.now();
      for (const { jump, pass } of steps) {
        time.wall += jump;
        time.pass(pass);
      }
      const last = clock.now();
      expect(last.time - first.time).toBe(last.monotonic - first.monotonic);
    }),
  );
});

describe('a clock with a receiver', () => {
  it('is synced by it, to the moment that it names', () => {
    const { clock, time, receiver } = makeClock();
    const heard = time.monotonic;
    time.pass(3_000);
    receiver.tell({ time: TRUE_TIME, monotonic: heard, uncertaintyMs: 200 });
    expect(clock.now()).toMatchObject({ time: TRUE_TIME + 3_000, state: 'synced' });
  });

  it('believes it before the fleet, and the disciplined system before both', () => {
    const { clock, time, system, receiver } = makeClock();
    const tell = (at: number): void =>
      receiver.tell({ time: at, monotonic: time.monotonic, uncertaintyMs: 200 });
    clock.offer(TRUE_TIME, 0);
    tell(TRUE_TIME + 30_000);
    clock.offer(TRUE_TIME, 0);
    expect(clock.now().time).toBe(TRUE_TIME + 30_000);
    time.wall = TRUE_TIME + 60_000;
    system.disciplined = true;
    time.pass(30_000);
    tell(TRUE_TIME);
    expect(clock.now().time).toBe(time.wall);
  });

  it('listens to the fleet again once it has been silent for long', () => {
    const { clock, time, receiver } = makeClock();
    receiver.tell({ time: TRUE_TIME, monotonic: time.monotonic, uncertaintyMs: 200 });
    time.pass(3 * HOUR);
    clock.offer(TRUE_TIME + 4 * HOUR, 0);
    expect(clock.now()).toMatchObject({ time: TRUE_TIME + 4 * HOUR, state: 'synced' });
  });

  it('lets it go when stopped', () => {
    const { clock, receiver } = makeClock();
    clock.stop();
    expect(receiver.listeners.size).toBe(0);
  });
});

it('believes nobody who says that it is before this program existed', () => {
  const { clock, time, receiver } = makeClock({ wall: 5_000, disciplined: true });
  time.pass(60_000);
  receiver.tell({ time: 6_000, monotonic: time.monotonic, uncertaintyMs: 0 });
  clock.offer(7_000, 0);
  expect(clock.now().state).toBe('unsynced');
});

it('gives a reading its true time where the clock leaps between poll and store', () => {
  const { clock, time, system } = makeClock({ wall: TRUE_TIME - HOUR });
  const polled = time.monotonic;
  time.pass(1_500);
  time.wall += HOUR;
  system.disciplined = true;
  time.pass(10_000);
  expect(clock.at(polled)).toMatchObject({ time: TRUE_TIME, state: 'synced' });
});

it('stops its timer, and tells a late listener at once', () => {
  const { clock, time, syncs } = makeClock({ wall: TRUE_TIME, disciplined: true });
  expect(syncs).toHaveLength(1);
  const { clock: coarse } = makeClock();
  coarse.offer(TRUE_TIME, 8_000);
  const late: number[] = [];
  coarse.onKnown(({ uncertaintyMs }) => late.push(uncertaintyMs));
  expect(late).toEqual([4_000]);
  clock.stop();
  expect(time.timers).toBe(0);
});
