import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RegisterPoint } from '../../../drivers/profile.js';
import { lineTimes, readMs, type ReadCosts } from '../../../drivers/modbus/line-costs.js';
import { planReads, sliceReply, type PlanLimits } from '../../../drivers/modbus/plan-reads.js';
import { isBitTable, span } from '../../../drivers/modbus/register-layout.js';
import { point } from '../../support/modbus.js';

/** 9600 baud, 8N1, as slow as the unit is. */
const costs = (turnaroundMs: number, baudRate = 9600): ReadCosts =>
  lineTimes({
    endpoint: { type: 'serial', path: 'x', baudRate, dataBits: 8, parity: 'none', stopBits: 1 },
    framing: 'rtu',
    pauseMs: 0,
  }).costs(turnaroundMs + Math.max(1.75, 35_000 / baudRate));

/** Gaps cost more than requests. */
const NO_GAPS: ReadCosts = { requestMs: 0.5, registerMs: 1 };

const shape = (points: readonly RegisterPoint[], maxRegisters = 125, more: Partial<PlanLimits> = {}) =>
  planReads(points, { maxRegisters, costs: NO_GAPS, ...more }).map(({ table, address, count, points }) => [
    table,
    address,
    count,
    points.length,
  ]);

test('neighbours share a request, gaps and tables part them', () => {
  const points = [
    point('b', { address: 2, type: 'float32', order: 'ABCD' }),
    point('a', { address: 0, type: 'uint32', order: 'ABCD' }),
    point('far', { address: 6 }),
    point('input', { address: 1, table: 'input' }),
  ];
  expect(shape(points)).toEqual([
    ['holding', 0, 4, 2],
    ['holding', 6, 1, 1],
    ['input', 1, 1, 1],
  ]);
});

test('bits of one register, and overlapping points, are read once', () => {
  const bits = [0, 1, 2].map((bit) => point(`bit${bit}`, { address: 5, type: 'bool', bit }));
  expect(
    shape([...bits, point('word', { address: 5 }), point('wide', { address: 4, type: 'uint32' })]),
  ).toEqual([['holding', 4, 2, 5]]);
});

test('a request ends at the most registers a unit bears, or at 2000 coils', () => {
  const wide = Array.from({ length: 10 }, (_, index) =>
    point(`r${index}`, { address: 2 * index, type: 'uint32' }),
  );
  expect(shape(wide, 7).map(([, address, count]) => [address, count])).toEqual([
    [0, 2],
    [2, 6],
    [8, 6],
    [14, 6],
  ]);
  const coils = Array.from({ length: 2001 }, (_, address) =>
    point(`c${address}`, { table: 'coil', type: 'bool', address }),
  );
  expect(shape(coils, 10)).toEqual([
    ['coil', 0, 1, 1],
    ['coil', 1, 2000, 2000],
  ]);
});

const anyPoint = fc
  .record({
    table: fc.constantFrom('holding' as const, 'input' as const, 'coil' as const),
    address: fc.nat(60),
    type: fc.constantFrom('uint16' as const, 'float32' as const, 'int64' as const),
  })
  .map((at) => point(JSON.stringify(at), at));

const anyHole = fc
  .record({ first: fc.nat(60), length: fc.integer({ min: 1, max: 3 }) })
  .map(({ first, length }) => ({ table: 'holding' as const, first, last: first + length - 1 }));
const anyCosts = fc.record({
  requestMs: fc.integer({ min: 1, max: 400 }),
  registerMs: fc.integer({ min: 1, max: 20 }),
});
const refuses = (holes: PlanLimits['holes'], table: string, address: number, count: number): boolean =>
  (holes ?? []).some((hole) => hole.table === table && hole.first < address + count && address <= hole.last);

test('each point is in exactly one request, which holds it whole, within the limits, and covers no hole', () => {
  fc.assert(
    fc.property(
      fc.array(anyPoint, { maxLength: 40 }),
      fc.integer({ min: 4, max: 20 }),
      fc.array(anyHole, { maxLength: 3 }),
      anyCosts,
      (points, maxRegisters, holes, costs) => {
        const plan = planReads(points, { maxRegisters, holes, costs });
        expect(plan.flatMap((read) => read.points)).toHaveLength(points.length);
        expect(new Set(plan.flatMap((read) => read.points))).toEqual(new Set(points));
        for (const { table, address, count, points } of plan) {
          expect(isBitTable(table) || count <= maxRegisters).toBe(true);
          for (const { register } of points) {
            expect(register.table).toBe(table);
            expect(register.address).toBeGreaterThanOrEqual(address);
            expect(register.address + span(register)).toBeLessThanOrEqual(address + count);
          }
          if (refuses(holes, table, address, count))
            expect(points.every(({ register }) => span(register) === count)).toBe(true);
        }
      },
    ),
  );
});

/** Every way of parting the points into requests, by brute force. */
const cheapestOf = (points: readonly RegisterPoint[], limits: PlanLimits): number => {
  let least = Infinity;
  const place = (rest: readonly RegisterPoint[], parts: readonly (readonly RegisterPoint[])[]): void => {
    const [next, ...others] = rest;
    if (next === undefined) {
      const price = parts.reduce((sum, part) => {
        const from = Math.min(...part.map(({ register }) => register.address));
        const to = Math.max(...part.map(({ register }) => register.address + span(register)));
        const legal = to - from <= limits.maxRegisters && !refuses(limits.holes, 'holding', from, to - from);
        return sum + (legal ? readMs('holding', to - from, limits.costs) : Infinity);
      }, 0);
      least = Math.min(least, price);
      return;
    }
    parts.forEach((part, index) => place(others, parts.with(index, [...part, next])));
    place(others, [...parts, [next]]);
  };
  place(points, []);
  return least;
};

test('no plan within the limits is cheaper', () => {
  const registers = fc.array(
    fc
      .record({
        address: fc.nat(60),
        type: fc.constantFrom('uint16' as const, 'float32' as const, 'int64' as const),
      })
      .map((at) => point(JSON.stringify(at), at)),
    { minLength: 1, maxLength: 6 },
  );
  fc.assert(
    fc.property(
      registers,
      fc.integer({ min: 4, max: 40 }),
      fc.array(anyHole, { maxLength: 2 }),
      anyCosts,
      (points, maxRegisters, holes, costs) => {
        const free = points.filter(
          ({ register }) => !refuses(holes, 'holding', register.address, span(register)),
        );
        const limits = { maxRegisters, holes, costs };
        const planned = planReads(free, limits).reduce(
          (sum, { table, count }) => sum + readMs(table, count, costs),
          0,
        );
        expect(planned).toBe(cheapestOf(free, limits));
      },
    ),
    { numRuns: 200 },
  );
});

const widest = (costs: ReadCosts): number => {
  const joined = (gap: number) =>
    planReads([point('a', { address: 0 }), point('b', { address: 1 + gap })], {
      maxRegisters: 125,
      costs,
    }).length === 1;
  return Array.from({ length: 124 }, (_, gap) => gap).filter(joined).length - 1;
};

test('a gap is read up to the width at which one more request is cheaper, by speed and turnaround', () => {
  // Registers of 2 characters against 13 characters, 2 gaps of 3.5 (1.75 ms above 19200 baud), and the turnaround.
  expect(widest(costs(0))).toBe(10);
  expect(widest(costs(50))).toBe(34);
  expect(widest(costs(150))).toBe(82);
  expect(widest(costs(0, 115_200))).toBe(26);
});

const line = (framing: string, parity: 'none' | 'even') =>
  lineTimes({
    endpoint: { type: 'serial', path: 'x', baudRate: 9600, dataBits: 8, parity, stopBits: 1 },
    framing,
    pauseMs: 0,
  });

test('a parity bit makes each character longer, ASCII twice as many', () => {
  expect(line('rtu', 'none').characterMs).toBeCloseTo(10 / 9.6, 9);
  expect(line('rtu', 'even').characterMs).toBeCloseTo(11 / 9.6, 9);
  const [rtu, ascii] = [line('rtu', 'even').costs(0), line('ascii', 'even').costs(0)];
  expect(ascii.registerMs).toBeCloseTo(2 * rtu.registerMs, 9);
});

test('points of a group stay in one request, those of a unit with quirks in their own', () => {
  const points = [0, 10, 12, 30].map((address) => point(`r${address}`, { address }));
  expect(shape(points, 125, { groups: [['r0', 'r10']] })).toEqual([
    ['holding', 0, 11, 2],
    ['holding', 12, 1, 1],
    ['holding', 30, 1, 1],
  ]);
  const cheap = { costs: { requestMs: 1000, registerMs: 1 } };
  expect(shape(points, 125, cheap)).toEqual([['holding', 0, 31, 4]]);
  expect(shape(points, 125, { ...cheap, quirks: ['no-gaps'] })).toHaveLength(4);
  expect(shape(points, 125, { ...cheap, quirks: ['single-reads'], groups: [['r10', 'r12']] })).toEqual([
    ['holding', 0, 1, 1],
    ['holding', 10, 3, 2],
    ['holding', 30, 1, 1],
  ]);
});

test('a point finds its own bytes in the reply', () => {
  const points = [point('a', { address: 4 }), point('b', { address: 5, type: 'uint32' })];
  const [read] = planReads(points, { maxRegisters: 125, costs: NO_GAPS });
  const data = Uint8Array.of(1, 2, 3, 4, 5, 6);
  expect(read && points.map((each) => [...sliceReply(read, each, data)])).toEqual([
    [1, 2],
    [3, 4, 5, 6],
  ]);
});
