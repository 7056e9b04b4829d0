import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hintsFor, type UnitObservation } from '../../../../drivers/modbus/doctor/hints.js';

const unit = (name: string, parts: Partial<UnitObservation> = {}): UnitObservation => ({
  unit: name,
  ok: 0,
  timeouts: 0,
  checksumErrors: 0,
  frameErrors: 0,
  exceptions: 0,
  lateReplies: 0,
  echoes: 0,
  faults: [],
  ...parts,
});

const codes = (...units: readonly UnitObservation[]) =>
  hintsFor(units).map(({ code, unit: of }) => (of === undefined ? code : `${code} ${of}`));

const refused = (detail: string) => codes(unit('a', { ok: 5, exceptions: 5, faults: [detail] }));

describe('hints', () => {
  test('a sound line has none', () => {
    expect(codes(unit('a', { ok: 1000 }), unit('b', { ok: 900, timeouts: 2 }))).toEqual([]);
    expect(codes()).toEqual([]);
  });

  test('nothing at all: A and B swapped, or no power; once, for the line', () => {
    expect(codes(unit('a', { timeouts: 2 }), unit('b', { timeouts: 2 }))).toEqual(['nothing']);
    expect(hintsFor([unit('a', { timeouts: 9 })])[0]?.text).toContain('A and B swapped');
  });

  test('only our own words come back', () => {
    expect(codes(unit('a', { timeouts: 5, echoes: 5 }))).toEqual(['only-echo']);
  });

  test('damage without exception is speed or parity; some of it on several devices is termination', () => {
    expect(codes(unit('a', { checksumErrors: 4, timeouts: 3 }), unit('b', { frameErrors: 3 }))).toEqual([
      'garbled',
    ]);
    expect(codes(unit('a', { ok: 90, checksumErrors: 3 }), unit('b', { ok: 95, checksumErrors: 4 }))).toEqual(
      ['noise'],
    );
  });

  test('damage of one device among sound ones is a second device at its address', () => {
    const neighbour = unit('b', { ok: 500, checksumErrors: 1 });
    expect(codes(unit('a', { ok: 40, frameErrors: 20 }), neighbour)).toEqual(['duplicate a']);
    expect(codes(unit('a', { frameErrors: 1 }), neighbour)).toEqual(['duplicate a']);
  });

  test('silence of one device among others concerns that device', () => {
    expect(codes(unit('a', { timeouts: 5 }), unit('b', { ok: 50 }))).toEqual(['absent a']);
    expect(codes(unit('a', { ok: 50, timeouts: 10 }), unit('b', { ok: 50 }))).toEqual(['intermittent a']);
  });

  test('late answers ask for a longer timeout', () => {
    expect(codes(unit('a', { ok: 3, timeouts: 9, lateReplies: 8 }))).toEqual(['late a']);
    expect(codes(unit('a', { timeouts: 40, lateReplies: 1 }), unit('b', { ok: 9 }))).toEqual(['late a']);
  });

  test('a late answer now and then asks for nothing: the timeout is learned', () => {
    expect(codes(unit('a', { ok: 16, timeouts: 1, lateReplies: 1 }))).toEqual([]);
    expect(codes(unit('a', { ok: 200, timeouts: 5, lateReplies: 5 }))).toEqual([]);
  });

  test('exceptions tell a wrong map, a wrong function, a gateway that hears nothing', () => {
    expect(refused('illegal data address (2)')).toEqual(['map a']);
    expect(refused('illegal function (1)')).toEqual(['function a']);
    expect(refused('gateway target device failed to respond (11)')).toEqual(['gateway a']);
  });

  test('name only units that there are, whatever the counters', () => {
    const counter = fc.nat(1000);
    const any = fc.record({
      ok: counter,
      timeouts: counter,
      checksumErrors: counter,
      frameErrors: counter,
      exceptions: counter,
      lateReplies: counter,
      echoes: counter,
    });
    fc.assert(
      fc.property(fc.array(any, { maxLength: 6 }), (counts) => {
        const units = counts.map((each, index) => unit(`u${index}`, each));
        const hints = hintsFor(units);
        const line = hints.filter(({ unit: of }) => of === undefined);
        expect(line.length).toBeLessThanOrEqual(1);
        for (const { unit: of, text } of hints) {
          expect(of === undefined || units.some(({ unit: name }) => name === of)).toBe(true);
          expect(text).not.toBe('');
        }
      }),
    );
  });
});
