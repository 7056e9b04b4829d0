import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeEdge } from '../../../drivers/pulse/dialect.js';
import { parseGpioEvent } from '../../../drivers/pulse/gpio-event.js';
import { PulseCounter, type Edge } from '../../../drivers/pulse/pulse-counter.js';
import { TelegramError } from '../../../drivers/telegram/telegram-error.js';

const DEBOUNCE = 10;
const wiring = { activeLow: true, debounceMs: DEBOUNCE };

const counted = (edges: readonly Edge[], level: 0 | 1 | undefined = 1): PulseCounter => {
  const counter = new PulseCounter(wiring, { count: 0n, lostEdges: 0 }, () => {});
  counter.begin(level, 0);
  for (const edge of edges) counter.accept(edge);
  counter.settle((edges.at(-1)?.at ?? 0) + DEBOUNCE);
  return counter;
};

const falling = (timeMs: number): Edge => ({ edge: 'falling', timeMs, at: timeMs });
const rising = (timeMs: number): Edge => ({ edge: 'rising', timeMs, at: timeMs });

it('reads what gpiomon of libgpiod 1 and of libgpiod 2 prints', () => {
  expect(parseGpioEvent('event:  RISING EDGE offset: 3 timestamp: [    1151.814356387]')).toEqual({
    line: 3,
    edge: 'rising',
    timeMs: 1_151_814.356387,
  });
  expect(parseGpioEvent('event: FALLING EDGE offset: 17 timestamp: [1722306410.568556216]')?.edge).toBe(
    'falling',
  );
  expect(parseGpioEvent('10155.123456789\tfalling\tgpiochip0 17 "GPIO17"')).toEqual({
    line: 17,
    edge: 'falling',
    timeMs: 10_155_123.456789,
  });
  expect(parseGpioEvent('11.5\trising\tgpiochip0 4')?.line).toBe(4);
  expect(parseGpioEvent('gpiomon: error waiting for events: Device or resource busy')).toBeUndefined();
});

it.each([
  'event:  RISING EDGE offset: 3 timestamp: [    1151.814356387] more',
  'an event:  RISING EDGE offset: 3 timestamp: [    1151.814356387]',
  'event:  BOTH EDGE offset: 3 timestamp: [    1151.814356387]',
  'event:  RISING EDGE offset: x timestamp: [    1151.814356387]',
  'event:  RISING EDGE offset: 123456 timestamp: [    1151.814356387]',
  'event:  RISING EDGE offset: 3 timestamp: [    1151]',
  'event:  RISING EDGE offset: 3 timestamp: [    1151.8143563871]',
  '1151.814356387 both gpiochip0 3',
  '1151 rising gpiochip0 3',
  'at 1151.8 rising gpiochip0 3',
  '1151.8143563871 rising gpiochip0 3',
  '1151.8 risinggpiochip0 3',
  '1151.8 rising gpiochip0',
  '1151.8 rising gpiochip0 3x',
  '1151.8 rising gpiochip0 123456',
  `1151.8 rising ${'c'.repeat(65)} 3`,
  `1151.8 rising gpiochip0 3 ${'x'.repeat(201)}`,
])('takes no edge from "%s"', (text) => {
  expect(parseGpioEvent(text)).toBeUndefined();
});

it('decodes an edge, or says that it is none, on any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
      expect(() => decodeEdge(bytes, undefined)).toThrow(TelegramError);
    }),
  );
});

/** A contact that bounces: each level lasts, but after a change it chatters for less than the debounce time. */
const bouncing = (pulses: readonly { readonly gap: number; readonly bounces: number }[]): readonly Edge[] => {
  const edges: Edge[] = [];
  let time = 100;
  for (const { gap, bounces } of pulses)
    for (const [first, second] of [
      [falling, rising],
      [rising, falling],
    ] as const) {
      edges.push(first(time));
      for (let bounce = 0; bounce < bounces; bounce++) {
        time += 1;
        edges.push(second(time));
        time += 1;
        edges.push(first(time));
      }
      time += DEBOUNCE + gap;
    }
  return edges;
};

it('counts each pulse of a bouncing contact once', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ gap: fc.nat(100), bounces: fc.nat(4) }), { maxLength: 40 }),
      (pulses) => {
        const counter = counted(bouncing(pulses));
        expect(counter.count).toBe(BigInt(pulses.length));
        expect(counter.lostEdges).toBe(0);
      },
    ),
  );
});

it('takes no glitch for a pulse', () => {
  expect(counted([falling(100), rising(104), falling(300), rising(303)]).count).toBe(0n);
});

it('declares an edge that was lost, and counts what is certain', () => {
  const between = counted([falling(100), falling(200), rising(300)]);
  expect([between.count, between.lostEdges]).toEqual([2n, 1]);
  const pulse = counted([falling(100), rising(200), rising(400), falling(500), rising(600)]);
  expect([pulse.count, pulse.lostEdges]).toEqual([2n, 1]);
});

it('never counts more than the edges that close the contact, whatever comes', () => {
  const edge = fc.record({
    edge: fc.constantFrom('rising' as const, 'falling' as const),
    wait: fc.nat(30),
  });
  fc.assert(
    fc.property(
      fc.array(edge, { maxLength: 60 }),
      fc.constantFrom(0 as const, 1 as const, undefined),
      (steps, level) => {
        let time = 100;
        const edges = steps.map((step): Edge => {
          time += step.wait;
          return { edge: step.edge, timeMs: time, at: time };
        });
        const { count } = counted(edges, level);
        expect(Number(count)).toBeLessThanOrEqual(steps.filter((step) => step.edge === 'falling').length);
      },
    ),
  );
});
