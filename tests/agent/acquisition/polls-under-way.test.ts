import { expect, test } from 'vitest';
import { BusWorker } from '../../../agent/acquisition/bus-worker.js';
import type { ConfiguredDevice } from '../../../agent/twin/configuration.js';
import type { ReadRequest } from '../../../drivers/driver.js';
import type { Sample } from '../../../drivers/sample.js';
import { device, point, ScriptedBus, VirtualDelays } from './support.js';

const MEASURES_MS = 5000;

/** A line that is free while its devices measure, but for one of them. */
class SharedBus extends ScriptedBus {
  readonly began: (readonly [device: string, at: number])[] = [];
  readonly #time: VirtualDelays;
  #measuring = 0;
  most = 0;

  constructor(time: VirtualDelays) {
    super(time);
    this.#time = time;
  }

  leavesLine({ unit }: ReadRequest): boolean {
    return unit.address !== 'alone';
  }

  override async read({ unit, points }: ReadRequest, signal: AbortSignal): Promise<readonly Sample[]> {
    this.began.push([unit.address, this.#time.now]);
    this.most = Math.max(this.most, ++this.#measuring);
    try {
      await this.#time.delay(MEASURES_MS, signal);
    } finally {
      this.#measuring--;
    }
    return points.map(({ key }) => ({ point: key, value: 1, raw: new Uint8Array(0), at: this.#time.now }));
  }
}

const build = (devices: readonly ConfiguredDevice[]) => {
  const time = new VirtualDelays();
  const bus = new SharedBus(time);
  const taken: string[] = [];
  const worker = new BusWorker({
    bus,
    devices,
    now: () => time.now,
    delay: time.delay,
    onSamples: ({ key }) => taken.push(key),
    onAsked: (_device, samples) => samples,
    onDriverError: () => {},
    onBehind: () => {},
    onBreaker: () => {},
  });
  return { time, bus, worker, taken };
};

test('devices that leave the line while they measure are polled together, each only once at a time', async () => {
  const devices = ['a', 'b', 'c'].map((key) => device(key, [point('p', { intervalMs: 2000 })]));
  const { time, bus, worker, taken } = build(devices);
  worker.start();
  await time.pass(4000);
  expect(bus.began).toEqual([
    ['a', 0],
    ['b', 0],
    ['c', 0],
  ]);
  await time.pass(56_000);
  await worker.stop();
  expect(bus.most).toBe(3);
  expect(taken.filter((key) => key === 'a').length).toBeGreaterThanOrEqual(9);
  expect(worker.counters().missed).toBeGreaterThan(0);
});

test('a device that needs the line for itself is waited for', async () => {
  const devices = ['alone', 'b'].map((key) => device(key, [point('p', { intervalMs: 60_000 })]));
  const { time, bus, worker } = build(devices);
  worker.start();
  await time.pass(20_000);
  await worker.stop();
  expect(bus.began).toEqual([
    ['alone', 0],
    ['b', MEASURES_MS],
  ]);
});

test('a technician waits for a device that is measuring, and the others do not wait for him', async () => {
  const a = device('a', [point('p', { intervalMs: 60_000 })]);
  const { time, bus, worker } = build([a, device('b', [point('p', { intervalMs: 60_000 })])]);
  worker.start();
  await time.pass(1000);
  const reading = worker.readNow(a, new AbortController().signal);
  await time.pass(10_000);
  expect(await reading).toHaveProperty('seen');
  await worker.stop();
  expect(bus.began).toEqual([
    ['a', 0],
    ['b', 0],
    ['a', MEASURES_MS],
  ]);
});

test('stopping ends polls that are under way', async () => {
  const { time, worker, taken } = build([device('a', [point('p')])]);
  worker.start();
  await time.pass(1000);
  await worker.stop();
  expect(taken).toEqual([]);
});
