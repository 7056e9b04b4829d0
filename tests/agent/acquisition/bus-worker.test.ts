import { describe, expect, test } from 'vitest';
import { BusWorker } from '../../../agent/acquisition/bus-worker.js';
import type { ConfiguredDevice } from '../../../agent/twin/configuration.js';
import type { Sample } from '../../../drivers/sample.js';
import { device, point, ScriptedBus, VirtualDelays } from './support.js';

const TIMEOUT = { value: null, fault: { code: 'timeout', detail: 'no reply' } } as const;

const build = (devices: readonly ConfiguredDevice[]) => {
  const time = new VirtualDelays();
  const bus = new ScriptedBus(time);
  const taken: { readonly device: string; readonly samples: readonly Sample[] }[] = [];
  const told: (readonly Sample[])[] = [];
  const failures: unknown[] = [];
  const behind: unknown[] = [];
  const breakers: (readonly [string, string])[] = [];
  const worker = new BusWorker({
    bus,
    devices,
    now: () => time.now,
    delay: time.delay,
    onSamples: ({ key }, samples) => taken.push({ device: key, samples }),
    onAsked: (_device, samples) => {
      told.push(samples);
      return samples;
    },
    onDriverError: (_device, cause) => failures.push(cause),
    onBehind: (each) => behind.push(each),
    onBreaker: ({ key }, state) => breakers.push([key, state]),
  });
  return { time, bus, taken, told, worker, failures, behind, breakers };
};

const polls = (bus: ScriptedBus, address: string) => bus.reads.filter((read) => read.address === address);

describe('polling', () => {
  test('polls each device at its interval, all its due points in one read', async () => {
    const { time, bus, taken, worker } = build([
      device('a', [point('fast'), point('other'), point('slow', { intervalMs: 10_000 })]),
      device('b', [point('fast', { intervalMs: 2000 })]),
    ]);
    worker.start();
    await time.pass(20_500);
    await worker.stop();
    expect(polls(bus, 'a')).toHaveLength(21);
    expect(polls(bus, 'a')[0]?.points).toEqual(['fast', 'other', 'slow']);
    expect(polls(bus, 'a').filter(({ points }) => points.length === 3)).toHaveLength(3);
    expect(polls(bus, 'b')).toHaveLength(10 + 1);
    expect(taken).toHaveLength(bus.reads.length);
    expect(worker.counters()).toMatchObject({ ok: 32, timeouts: 0, errors: 0, missed: 0 });
  });

  test('a line that is too slow misses polls and says so, without a storm when it recovers', async () => {
    const { time, bus, worker } = build([device('a', [point('p')])]);
    worker.start();
    await time.pass(500);
    bus.answer = () => ({ takesMs: 30_000, sample: { value: 1 } });
    await time.pass(1000);
    bus.answer = () => ({ takesMs: 10, sample: { value: 1 } });
    const before = bus.reads.length;
    await time.pass(35_000);
    await worker.stop();
    expect(bus.reads.length - before).toBeLessThanOrEqual(7);
    expect(worker.counters().missed).toBe(29);
    expect(worker.counters().devices.get('a')?.missed).toBe(29);
  });
});

test('a bus that cannot keep up says by how much, once a minute', async () => {
  const devices = ['a', 'b', 'c'].map((key) => device(key, [point('p')]));
  const { time, bus, worker, behind } = build(devices);
  bus.answer = () => ({ takesMs: 1000, sample: { value: 1 } });
  worker.start();
  await time.pass(185_000);
  expect(behind).toHaveLength(3);
  expect(worker.counters().behindFactor).toBeCloseTo(3, 0);
  bus.answer = () => ({ takesMs: 100, sample: { value: 1 } });
  await time.pass(125_000);
  expect(worker.counters().behindFactor).toBe(1);
  await worker.stop();
});

test('a device is never asked more often than its profile bears', async () => {
  const battery = device('a', [
    point('p', { intervalMs: 10_000 }),
    point('q', { intervalMs: 15_000 }),
    point('r', { intervalMs: 25_000 }),
  ]);
  const slow = { ...battery, profile: { ...battery.profile, minIntervalMs: 10_000 } };
  const { time, bus, worker } = build([slow, device('b', [point('p', { intervalMs: 700 })])]);
  worker.start();
  await time.pass(400_000);
  await worker.stop();
  const gaps = polls(bus, 'a').map(({ at }, i, all) => at - (all[i - 1]?.at ?? -Infinity));
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(10_000);
  expect(polls(bus, 'a').filter(({ points: asked }) => asked.includes('q')).length).toBeGreaterThan(20);
});

describe('a silent device', () => {
  const points = Array.from({ length: 5 }, (_, i) => point(`p${i}`));

  test('costs the others one timeout at a time, and after three of them a hundredth of the line', async () => {
    const { time, bus, taken, worker, breakers } = build([
      device('dead', points),
      device('gone', points),
      device('well', [point('p')]),
    ]);
    bus.answer = ({ unit, points: asked }) =>
      unit.address === 'well'
        ? { takesMs: 10, sample: { value: 1 } }
        : { takesMs: 1000 * asked.length, sample: TIMEOUT };
    worker.start();
    await time.pass(30_000);
    const early = polls(bus, 'dead').length;
    expect(early).toBeGreaterThanOrEqual(3);
    expect(worker.counters().devices.get('dead')?.breaker).toBe('open');
    await time.pass(2_000_000);
    await worker.stop();
    expect(breakers).toEqual([
      ['dead', 'open'],
      ['gone', 'open'],
    ]);
    const [first, ...later] = polls(bus, 'dead');
    expect(first?.points).toHaveLength(5);
    expect(later.every((poll) => poll.points.length === 1)).toBe(true);
    const probes = [...polls(bus, 'dead'), ...polls(bus, 'gone')].filter(({ at }) => at > 30_000);
    expect(probes.length).toBeGreaterThanOrEqual(18);
    expect(probes.length).toBeLessThanOrEqual(21);
    const [dead, gone] = ['dead', 'gone'].map((key) => probes.filter(({ address }) => address === key));
    expect(Math.abs((dead?.length ?? 0) - (gone?.length ?? 0))).toBeLessThanOrEqual(1);
    const gaps = polls(bus, 'well').map(({ at }, i, all) => at - (all[i - 1]?.at ?? at));
    expect(Math.max(...gaps.slice(20))).toBeLessThanOrEqual(2000);
    const silence = taken.filter((each) => each.device === 'dead');
    for (const { samples } of silence) {
      expect(samples.map(({ point: key }) => key)).toEqual(['p0', 'p1', 'p2', 'p3', 'p4']);
      expect(samples.every(({ fault }) => fault?.code === 'timeout')).toBe(true);
    }
    const counters = worker.counters();
    expect(counters.devices.get('dead')).toMatchObject({ ok: 0, timeouts: silence.length });
    expect(counters.devices.get('well')?.timeouts).toBe(0);
  });

  test('is polled as before once a probe is answered, and brings back those that went with it', async () => {
    const all = ['a', 'b', 'c', 'd'].map((key) => device(key, points));
    const { time, bus, worker, breakers } = build([...all, device('well', [point('p')])]);
    let powered = true;
    bus.answer = ({ unit, points: asked }) =>
      powered || unit.address === 'well'
        ? { takesMs: 10, sample: { value: 1 } }
        : { takesMs: 1000 * asked.length, sample: TIMEOUT };
    worker.start();
    await time.pass(5000);
    powered = false;
    await time.pass(600_000);
    expect(breakers).toHaveLength(4);
    powered = true;
    await time.pass(120_000);
    expect(breakers.slice(4).map(([, state]) => state)).toEqual(['closed', 'closed', 'closed', 'closed']);
    const before = polls(bus, 'a').length;
    await time.pass(10_000);
    expect(polls(bus, 'a').length - before).toBe(10);
    await worker.stop();
  });

  test("is polled again as soon as a technician's read is answered", async () => {
    const dead = device('dead', points);
    const { time, bus, worker } = build([dead, device('well', [point('p')])]);
    bus.answer = ({ unit }) =>
      unit.address === 'well' ? { takesMs: 10, sample: { value: 1 } } : { takesMs: 1000, sample: TIMEOUT };
    worker.start();
    await time.pass(20_000);
    expect(worker.counters().devices.get('dead')?.breaker).toBe('open');
    bus.answer = () => ({ takesMs: 10, sample: { value: 1 } });
    const read = worker.readNow(dead, new AbortController().signal);
    await time.pass(2000);
    expect(await read).toMatchObject({ seen: { length: 5 } });
    expect(worker.counters().devices.get('dead')?.breaker).toBe('closed');
    const before = polls(bus, 'dead').length;
    await time.pass(5000);
    expect(polls(bus, 'dead').length - before).toBe(5);
    await worker.stop();
  });

  test('is polled again as soon as it answers anything else that a technician asks of it', async () => {
    const dead = device('dead', points);
    const { time, bus, worker } = build([dead, device('well', [point('p')])]);
    bus.answer = ({ unit }) =>
      unit.address === 'well' ? { takesMs: 10, sample: { value: 1 } } : { takesMs: 1000, sample: TIMEOUT };
    worker.start();
    await time.pass(20_000);
    const ask = (answered: boolean) =>
      worker.askNow(dead, () => Promise.resolve({ result: 7, answered }), new AbortController().signal);
    const silence = ask(false);
    await time.pass(2000);
    expect(await silence).toBe(7);
    expect(worker.counters().devices.get('dead')?.breaker).toBe('open');
    bus.answer = () => ({ takesMs: 10, sample: { value: 1 } });
    const answer = ask(true);
    await time.pass(2000);
    expect(await answer).toBe(7);
    expect(worker.counters().devices.get('dead')?.breaker).toBe('closed');
    await worker.stop();
  });

  test('is read in full again by the very poll that it answers', async () => {
    const { time, bus, taken, worker } = build([device('a', points)]);
    bus.answer = () => ({ takesMs: 100, sample: TIMEOUT });
    worker.start();
    await time.pass(2500);
    bus.answer = () => ({ takesMs: 10, sample: { value: 7 } });
    await time.pass(1000);
    await worker.stop();
    expect(taken.at(-1)?.samples.map(({ value }) => value)).toEqual([7, 7, 7, 7, 7]);
  });
});

describe('a technician', () => {
  test('is served before the polls that wait, and between their deadlines', async () => {
    const busy = Array.from({ length: 20 }, (_, i) => device(`d${i}`, [point('p')]));
    const asked = device('asked', [point('p', { intervalMs: 3_600_000 })]);
    const { time, bus, worker, taken } = build([asked, ...busy]);
    bus.answer = () => ({ takesMs: 200, sample: { value: 5 } });
    worker.start();
    await time.pass(1050);
    const order = bus.reads.length;
    const reading = worker.readNow(asked, new AbortController().signal);
    await time.pass(400);
    expect(await reading).toMatchObject({ seen: [{ point: 'p', value: 5 }] });
    expect(bus.reads[order]?.address).toBe('asked');
    expect(taken.filter(({ device: key }) => key === 'asked')).toHaveLength(1);
    await worker.stop();

    const idle = build([asked]);
    idle.worker.start();
    await idle.time.pass(1000);
    const soon = idle.worker.readNow(asked, new AbortController().signal);
    await idle.time.pass(20);
    expect(await soon).toMatchObject({ seen: { length: 1 } });
    await idle.worker.stop();
  });

  test('may give up: the read is dropped and the worker goes on', async () => {
    const a = device('a', [point('p')]);
    const { time, bus, worker } = build([a]);
    bus.answer = () => ({ takesMs: 900, sample: { value: 5 } });
    worker.start();
    await time.pass(100);
    const giveUp = new AbortController();
    const reading = worker.readNow(a, giveUp.signal);
    giveUp.abort(new Error('enough'));
    await expect(reading).rejects.toThrow('enough');
    await time.pass(5000);
    expect(worker.counters().ok).toBeGreaterThanOrEqual(5);
    await worker.stop();
  });

  test('who goes while the device is asked takes nothing with him: what came is told all the same', async () => {
    const a = device('a', [point('p', { intervalMs: 3_600_000 })]);
    const { time, bus, worker, told } = build([a]);
    worker.start();
    await time.pass(100);
    bus.answer = () => ({ takesMs: 900, sample: { value: 7 } });
    const giveUp = new AbortController();
    const reading = worker.readNow(a, giveUp.signal);
    await time.pass(100);
    giveUp.abort(new Error('enough'));
    await time.pass(1000);
    expect(await reading).toMatchObject({ seen: [{ value: 7 }] });
    expect(told).toMatchObject([[{ value: 7 }]]);
    await worker.stop();
  });

  test('asks a device no sooner than its profile bears, and moves its next poll', async () => {
    const battery = device('a', [point('p', { intervalMs: 15_000 })]);
    const slow = { ...battery, profile: { ...battery.profile, minIntervalMs: 10_000 } };
    const { time, bus, worker } = build([slow]);
    const signal = new AbortController().signal;
    worker.start();
    await time.pass(4000);
    expect(await worker.readNow(slow, signal)).toEqual({ notBefore: 10_000 });
    await time.pass(10_000);
    const reading = worker.readNow(slow, signal);
    await time.pass(100);
    expect(await reading).toHaveProperty('seen');
    await time.pass(100_000);
    await worker.stop();
    const gaps = polls(bus, 'a').map(({ at }, i, all) => at - (all[i - 1]?.at ?? -Infinity));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(10_000);
    expect(polls(bus, 'a')[1]?.at).toBe(14_000);
  });

  test('asks something else between two polls, and the device is spared the next one', async () => {
    const battery = device('a', [point('p', { intervalMs: 15_000 })]);
    const slow = { ...battery, profile: { ...battery.profile, minIntervalMs: 10_000 } };
    const { time, bus, worker } = build([slow, device('b', [point('p')])]);
    bus.answer = () => ({ takesMs: 300, sample: { value: 1 } });
    worker.start();
    await time.pass(12_100);
    const order: string[] = [];
    const asked = worker.askNow(
      slow,
      async (line, signal) => {
        order.push('asked');
        await line.read({ unit: { address: 'a', maxRegisters: 1 }, points: [] }, signal);
        order.push('answered');
        return { result: bus.reads.length, answered: true };
      },
      new AbortController().signal,
    );
    const before = bus.reads.length;
    await time.pass(1000);
    // Nobody else was on the line meanwhile.
    expect(await asked).toBe(before + 1);
    expect(order).toEqual(['asked', 'answered']);
    await time.pass(20_000);
    await worker.stop();
    const [, , next] = polls(bus, 'a').map(({ at }) => at);
    expect(next).toBeGreaterThanOrEqual(22_100);
  });

  test('reads a silent battery device at once: what was not answered cost it nothing', async () => {
    const battery = device('a', [point('p', { intervalMs: 3_600_000 })]);
    const slow = { ...battery, profile: { ...battery.profile, minIntervalMs: 900_000 } };
    const { time, bus, worker } = build([slow]);
    bus.answer = () => ({ takesMs: 100, sample: TIMEOUT });
    worker.start();
    await time.pass(1000);
    bus.answer = () => ({ takesMs: 10, sample: { value: 3 } });
    const reading = worker.readNow(slow, new AbortController().signal);
    await time.pass(100);
    expect(await reading).toMatchObject({ seen: [{ value: 3 }] });
    await worker.stop();
  });
});

const neverAsked = (): Promise<never> => Promise.reject(new Error('asked'));

describe('stopping', () => {
  test('ends the poll under way, refuses reads, and asks the line nothing more', async () => {
    const a = device('a', [point('p')]);
    const { time, bus, worker, taken } = build([a]);
    bus.answer = () => ({ takesMs: 60_000, sample: { value: 1 } });
    worker.start();
    await time.pass(100);
    const waiting = worker.readNow(a, new AbortController().signal);
    const refused = expect(waiting).rejects.toMatchObject({ code: 'stopped' });
    await worker.stop();
    await refused;
    await expect(worker.readNow(a, new AbortController().signal)).rejects.toMatchObject({
      code: 'stopped',
    });
    await expect(worker.askNow(a, neverAsked, new AbortController().signal)).rejects.toMatchObject({
      code: 'stopped',
    });
    const reads = bus.reads.length;
    await time.pass(120_000);
    expect(bus.reads).toHaveLength(reads);
    expect(taken).toHaveLength(0);
  });

  test('wakes a sleeping worker', async () => {
    const { time, worker } = build([device('a', [point('p', { intervalMs: 3_600_000 })])]);
    worker.start();
    await time.pass(1000);
    await worker.stop();
    expect(worker.counters().ok).toBe(1);
  });
});

test('a driver that throws costs its poll and nothing more', async () => {
  const { time, bus, taken, worker, failures } = build([device('a', [point('p'), point('q')])]);
  bus.answer = () => {
    throw new Error('broken driver');
  };
  worker.start();
  await time.pass(10);
  bus.answer = () => ({ takesMs: 10, sample: { value: 1 } });
  await time.pass(2000);
  await worker.stop();
  expect(failures).toHaveLength(1);
  expect(taken[0]?.samples.map(({ value, fault }) => [value, fault?.code])).toEqual([
    [null, 'frame'],
    [null, 'frame'],
  ]);
  expect(worker.counters()).toMatchObject({ errors: 1, ok: 2 });
});
