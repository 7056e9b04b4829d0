import { describe, expect, it, onTestFinished } from 'vitest';
import { createBusState } from '../../../agent/local/bus-state.js';
import type { Bus, DurableState, ReadRequest } from '../../../drivers/driver.js';
import type { Sample } from '../../../drivers/sample.js';
import type { FieldPoint } from '../../../drivers/profile.js';
import { createPulse } from '../../../drivers/pulse/pulse.js';
import { eventually } from '../../support/eventually.js';
import { fakeGpiod, type FakeGpiod } from '../../support/fake-gpiod.js';
import { always, busDeps } from '../../support/modbus.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const fieldPoint = (field: string, parts: Partial<FieldPoint> = {}): FieldPoint => ({
  key: field,
  name: field,
  field,
  kind: 'counter',
  property: 'pulses',
  unit: '1',
  valueType: 'integer',
  scale: 1,
  offset: 0,
  ...parts,
});
const points = [
  fieldPoint('count'),
  fieldPoint('closed', { kind: 'state' }),
  fieldPoint('lost_edges'),
  fieldPoint('gaps'),
];
const request: ReadRequest = {
  unit: { address: '17', maxRegisters: 1, section: { bias: 'pull-up', debounce: '5ms' } },
  points,
};
const [count = fieldPoint('count')] = points;

const openBus = (gpiod: Pick<FakeGpiod, 'openChannel'>, state?: DurableState, timeoutMs = 20_000): Bus => {
  const settings = {
    key: 'inputs',
    endpoint: { type: 'gpio', chip: 'gpiochip0' },
    framing: 'edges',
    timeoutMs,
    latenessMs: timeoutMs,
    pauseMs: 0,
  } as const;
  const bus = createPulse().openBus(settings, {
    ...busDeps,
    openChannel: gpiod.openChannel,
    ...(state === undefined ? {} : { state }),
  });
  onTestFinished(() => bus.close());
  return bus;
};

const ask = (bus: Bus, ...some: readonly FieldPoint[]): Promise<readonly Sample[]> =>
  bus.read({ unit: request.unit, points: some }, always());
const read = (bus: Bus): Promise<readonly Sample[]> => ask(bus, ...points);
const sampleOf = (samples: readonly Sample[], key: string): Sample | undefined =>
  samples.findLast(({ point }) => point === key);
const countOf = async (bus: Bus): Promise<Sample['value']> =>
  sampleOf(await read(bus), 'count')?.value ?? null;

/** Pulses of 30 ms, by the kernel's clock. */
const pulse = (gpiod: FakeGpiod, times: number, from: number): void => {
  for (let index = 0; index < times; index++) {
    gpiod.edge('falling', from + 100 * index);
    gpiod.edge('rising', from + 100 * index + 30);
  }
};

const values = (samples: readonly Sample[]) => samples.map(({ value }) => value);

/** Asks for the count alone. */
const settled = (bus: Bus, expected: number): Promise<void> =>
  eventually(async () => (await ask(bus, count))[0]?.value === expected, 20_000);

const loseEdge = (gpiod: FakeGpiod): void => {
  gpiod.edge('falling', 1000);
  gpiod.edge('falling', 1100);
  gpiod.edge('rising', 1200);
};

const counts = (bus: Bus, expected: number): Promise<void> =>
  eventually(async () => (await countOf(bus)) === expected, 20_000);

describe.each([1, 2] as const)('with libgpiod %i', (version) => {
  it('counts pulses, and says whether the contact is closed', async () => {
    const gpiod = fakeGpiod(version);
    const bus = openBus(gpiod);
    const first = await read(bus);
    expect(first.map(({ point, value }) => [point, value])).toEqual([
      ['count', 0],
      ['closed', 0],
      ['closed', 0],
      ['lost_edges', 0],
      ['gaps', 0],
    ]);
    pulse(gpiod, 3, 1000);
    await counts(bus, 3);
    expect(gpiod.parameters()).toBe(
      version === 1
        ? '--line-buffered --bias=pull-up gpiochip0 17'
        : '--edges=both --chip=gpiochip0 --bias=pull-up 17',
    );
  });
});

it('keeps the count through a restart, and flags the time between', async () => {
  const state = createBusState(temporaryFolder());
  const gpiod = fakeGpiod(2);
  const before = openBus(gpiod, state);
  expect(sampleOf(await read(before), 'count')?.doubt).toBeUndefined();
  pulse(gpiod, 5, 1000);
  await counts(before, 5);
  await before.close();

  const after = openBus(fakeGpiod(2), state);
  const samples = await read(after);
  expect(sampleOf(samples, 'count')).toMatchObject({ value: 5, doubt: { reason: 'gap' } });
  expect(sampleOf(samples, 'gaps')?.value).toBe(1);
  expect(sampleOf(await read(after), 'count')?.doubt).toBeUndefined();
});

it('has kept what it tells before it tells it', async () => {
  const kept: string[] = [];
  const state: DurableState = {
    get: () => Promise.resolve(undefined),
    set: (_, text) => Promise.resolve(void kept.push(text)),
  };
  const gpiod = fakeGpiod(2);
  const bus = openBus(gpiod, state);
  await read(bus);
  pulse(gpiod, 2, 1000);
  await counts(bus, 2);
  expect(kept.at(-1)).toContain('"count":"2"');
});

it('tells no count that cannot be kept', async () => {
  const full: DurableState = {
    get: () => Promise.resolve(undefined),
    set: () => Promise.reject(new Error('no space left on device')),
  };
  const [sample] = await read(openBus(fakeGpiod(2), full));
  expect(sample).toMatchObject({ value: null, fault: { code: 'closed' } });
  expect(sample?.fault?.detail).toContain('no space left');
});

it('watches again when the program has ended, and flags that pulses may be missing', async () => {
  const gpiod = fakeGpiod(2);
  const bus = openBus(gpiod);
  await read(bus);
  pulse(gpiod, 2, 1000);
  await counts(bus, 2);
  gpiod.level(0);
  gpiod.kill();
  await eventually(async () => sampleOf(await read(bus), 'gaps')?.value === 1, 20_000);
  await eventually(async () => sampleOf(await read(bus), 'closed')?.value === 1, 20_000);
  expect(bus.counters().reconnects).toBe(1);
  gpiod.edge('rising', 9000);
  pulse(gpiod, 1, 10_000);
  await counts(bus, 3);
});

it('declares lost edges, and doubts the count that they may be missing in', async () => {
  const gpiod = fakeGpiod(2);
  const bus = openBus(gpiod);
  await read(bus);
  loseEdge(gpiod);
  let doubted: Sample | undefined;
  await eventually(async () => {
    const samples = await read(bus);
    doubted ??= samples.find(({ doubt }) => doubt !== undefined);
    return sampleOf(samples, 'lost_edges')?.value === 1;
  }, 20_000);
  expect(doubted).toMatchObject({ point: 'count', doubt: { reason: 'gap' } });
});

it('sets the count to what the dial says', async () => {
  const state = createBusState(temporaryFolder());
  const gpiod = fakeGpiod(2);
  const bus = openBus(gpiod, state);
  pulse(gpiod, 1, 1000);
  await read(bus);
  const result = await bus.write?.({ unit: request.unit, point: count, value: 1234 }, always());
  expect(result).toMatchObject({ outcome: 'written', after: { value: 1234 } });
  await expect(
    bus.write?.({ unit: request.unit, point: fieldPoint('closed'), value: 1 }, always()),
  ).rejects.toMatchObject({ code: 'not-writable' });
  await bus.close();
  expect(await countOf(openBus(fakeGpiod(2), state))).toBe(1234);
});

describe('points of one input that are asked for at different intervals', () => {
  const closed = fieldPoint('closed', { kind: 'state' });

  it('leave each other their changes', async () => {
    const gpiod = fakeGpiod(2);
    const bus = openBus(gpiod);
    await ask(bus, closed);
    pulse(gpiod, 2, 1000);
    await settled(bus, 2);
    await bus.write?.({ unit: request.unit, point: count, value: 70 }, always());
    await settled(bus, 70);
    const told = await ask(bus, closed);
    expect(values(told).slice(0, 3)).toEqual([1, 0, 1]);
    expect(values(await ask(bus, closed)).length).toBeLessThanOrEqual(2);
  });

  it('leave the count its doubt', async () => {
    const gpiod = fakeGpiod(2);
    const bus = openBus(gpiod);
    await ask(bus, count);
    loseEdge(gpiod);
    const lost = fieldPoint('lost_edges');
    await eventually(async () => (await ask(bus, closed, lost)).at(-1)?.value === 1, 20_000);
    expect((await ask(bus, count))[0]?.doubt).toMatchObject({ reason: 'gap' });
    expect((await ask(bus, count))[0]?.doubt).toBeUndefined();
  });

  it('leave the count its mark of a restart, which only the dial clears before it is told', async () => {
    const state = createBusState(temporaryFolder());
    const before = openBus(fakeGpiod(2), state);
    await ask(before, count);
    await before.close();
    const after = openBus(fakeGpiod(2), state);
    await ask(after, closed);
    const volume = fieldPoint('count', { key: 'volume' });
    expect((await ask(after, volume))[0]?.doubt).toMatchObject({ reason: 'gap' });
    const result = await after.write?.({ unit: request.unit, point: count, value: 5 }, always());
    expect(result?.before?.doubt).toMatchObject({ reason: 'gap' });
    expect((await ask(after, count))[0]).toMatchObject({ value: 5 });
    expect((await ask(after, count))[0]?.doubt).toBeUndefined();
  });

  it('are told that changes were dropped, where there were too many between two reads', async () => {
    const gpiod = fakeGpiod(2);
    const bus = openBus(gpiod);
    await ask(bus, closed);
    pulse(gpiod, 600, 1000);
    await settled(bus, 600);
    const told = await ask(bus, closed);
    expect(told.length).toBeLessThanOrEqual(1001);
    expect(told[0]?.doubt).toMatchObject({ reason: 'gap' });
    expect((await ask(bus, count))[0]?.doubt).toBeUndefined();
  });
});

it('passes over what is no edge, and endless output', async () => {
  const gpiod = fakeGpiod(2);
  const bus = openBus(gpiod);
  await read(bus);
  gpiod.print(`gpiomon: something else\n${'x'.repeat(200_000)}\n`);
  pulse(gpiod, 1, 1000);
  await counts(bus, 1);
});

it('says that the package is missing', async () => {
  const nowhere = { openChannel: busDeps.openChannel };
  const path = process.env['PATH'];
  process.env['PATH'] = '/nonexistent';
  onTestFinished(() => void (process.env['PATH'] = path));
  const [sample] = await read(openBus(nowhere, undefined));
  expect(sample?.fault?.detail).toContain('gpiomon is not installed');
});

it('keeps texts on the disk by key, and the last one of each', async () => {
  const folder = temporaryFolder();
  const state = createBusState(folder);
  expect(await state.get('pulse /dev/gpiochip0 17')).toBeUndefined();
  await state.set('pulse /dev/gpiochip0 17', 'one');
  await state.set('pulse /dev/gpiochip0 17', 'two');
  expect(await createBusState(folder).get('pulse /dev/gpiochip0 17')).toBe('two');
  expect(await state.get('pulse /dev/gpiochip0 18')).toBeUndefined();
});
