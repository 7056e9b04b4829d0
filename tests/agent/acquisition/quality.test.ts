import { describe, expect, test } from 'vitest';
import { judge, type Judgement } from '../../../agent/acquisition/quality.js';
import type { QualityState, QualityTests } from '../../../agent/acquisition/quality-tests.js';
import type { Fault } from '../../../drivers/sample.js';
import type { Value } from '#wire/terms.js';
import { point } from './support.js';

/** Judges values that come one a second; gives flag and reason of each. */
const judgeAll = (tests: QualityTests, values: readonly (Value | null)[]): readonly string[] => {
  let state: QualityState | undefined;
  return values.map((value, second) => {
    const judgement: Judgement = judge(tests, state, { at: second * 1000 }, value);
    state = judgement.state;
    return `${judgement.flag} ${judgement.reason}`;
  });
};

describe('flags', () => {
  test('a value that no test could judge is not evaluated', () => {
    expect(judgeAll(point('p'), [1])).toEqual(['2 none']);
    expect(judgeAll(point('p', { maxRatePerS: 1 }), [1, 2])).toEqual(['2 none', '1 none']);
  });

  test('gross range: inside is good, the bounds too, outside is bad', () => {
    const tests = point('p', { range: [-10, 50] });
    expect(judgeAll(tests, [20, -10, 50, 51, -10.5])).toEqual([
      '1 none',
      '1 none',
      '1 none',
      '4 range',
      '4 range',
    ]);
    expect(judgeAll(point('p', { range: [0, 100] }), [2n ** 60n])).toEqual(['4 range']);
  });

  test('rate of change is suspect, measured from the last value that was not bad', () => {
    const tests = point('p', { maxRatePerS: 5, range: [0, 100] });
    expect(judgeAll(tests, [10, 15, 21, 999, 31])).toEqual([
      '1 none',
      '1 none',
      '3 rate',
      '4 range',
      '1 none',
    ]);
  });

  test('angles turn the short way, counters wrap, and a reset has no rate', () => {
    expect(judgeAll(point('p', { kind: 'angle', maxRatePerS: 30 }), [350, 10])).toEqual(['2 none', '1 none']);
    const counter = { kind: 'counter', maxRatePerS: 30, rollover: 1000, tests: {} } as const;
    expect(judgeAll(counter, [990, 5, 400, 0])).toEqual(['2 none', '1 none', '3 rate', '2 none']);
  });

  test('a flat line is suspect from its length on, and silence does not end it', () => {
    const tests = point('p', { tests: { flatLineMs: 3000 }, range: [0, 100] });
    expect(judgeAll(tests, [7, 7, null, 7, 7, 8])).toEqual([
      '1 none',
      '1 none',
      '9 sentinel',
      '3 flat-line',
      '3 flat-line',
      '1 none',
    ]);
  });
});

describe('what is possible and not usual', () => {
  test('is suspect within the range of the sensor, and bad beyond it', () => {
    const tests = point('p', { range: [-40, 60], tests: { usual: [-10, 40] } });
    expect(judgeAll(tests, [20, 45, -41])).toEqual(['1 none', '3 range', '4 range']);
  });

  test('follows the month, where the clock knows it', () => {
    const months = Array.from({ length: 12 }, (_, index): [number, number] | null =>
      index === 0 ? [-15, 15] : index === 6 ? [5, 42] : null,
    );
    const tests = point('p', { tests: { climatology: months } });
    const judged = (value: number, month?: number) => {
      const { flag, reason } = judge(tests, undefined, { at: 0 }, value, month);
      return `${flag} ${reason}`;
    };
    expect(judged(30, 1)).toBe('3 climatology');
    expect(judged(30, 7)).toBe('1 none');
    expect(judged(30, 4)).toBe('2 none');
    expect(judged(30)).toBe('2 none');
  });
});

describe('a spike', () => {
  const tests = point('p', { tests: { spike: { suspect: 5, bad: 50 } } });

  test('stands out from the two values before it, and is forgotten when they go on', () => {
    expect(judgeAll(tests, [20, 21, 30, 21, 20])).toEqual([
      '2 none',
      '1 none',
      '3 spike',
      '1 none',
      '1 none',
    ]);
  });

  test('far out is bad', () => {
    expect(judgeAll(tests, [20, 21, 90, 21])).toEqual(['2 none', '1 none', '4 spike', '1 none']);
  });

  test('that the next value bears out was a step, and what follows is compared with it', () => {
    expect(judgeAll(tests, [20, 20, 40, 41, 42, 20])).toEqual([
      '2 none',
      '1 none',
      '3 spike',
      '1 none',
      '1 none',
      '3 spike',
    ]);
  });

  test('goes the short way round where the point is an angle, and counters have none', () => {
    const angle = point('p', { kind: 'angle', tests: { spike: { suspect: 20 } } });
    expect(judgeAll(angle, [355, 5, 90])).toEqual(['2 none', '1 none', '3 spike']);
    const counter = point('p', { kind: 'counter', tests: { spike: { suspect: 1 } } });
    expect(judgeAll(counter, [1, 100])).toEqual(['2 none', '2 none']);
  });
});

test('the first value after a gap is suspect', () => {
  const tests = point('p', { tests: { gapMs: 2500 } });
  expect(judgeAll(tests, [1, 1, null, null, 1, 1])).toEqual([
    '2 none',
    '1 none',
    '9 sentinel',
    '9 sentinel',
    '3 gap',
    '1 none',
  ]);
});

test('the worst verdict stands, and of equals that of the first test', () => {
  const tests = point('p', { range: [0, 100], maxRatePerS: 1, tests: { spike: { suspect: 5, bad: 20 } } });
  expect(judgeAll(tests, [10, 10, 50])).toEqual(['1 none', '1 none', '4 spike']);
  expect(judgeAll(tests, [10, 10, 18])).toEqual(['1 none', '1 none', '3 spike']);
});

test('what the device itself doubts is suspect for its reason, unless a test finds it worse', () => {
  const doubt = { reason: 'warm-up', detail: 'the fan starts' } as const;
  const tests = point('p', { range: [0, 100] });
  const doubted = (value: number) => judge(tests, undefined, { at: 0, doubt }, value);
  expect(doubted(50)).toMatchObject({ value: 50, flag: 3, reason: 'warm-up' });
  expect(doubted(101)).toMatchObject({ value: 101, flag: 4, reason: 'range' });
});

describe('no value', () => {
  test.each<[Fault['code'], string]>([
    ['timeout', 'no-answer'],
    ['closed', 'no-answer'],
    ['checksum', 'bus-error'],
    ['frame', 'bus-error'],
    ['exception', 'bus-error'],
    ['sentinel', 'sentinel'],
    ['decode', 'decode'],
  ])('%s is missing, for the reason %s', (code, reason) => {
    const judged = judge(point('p', { range: [0, 1] }), undefined, { at: 0, fault: { code, detail: '' } }, 5);
    expect(judged).toMatchObject({ value: null, flag: 9, reason });
  });

  test.each([NaN, Infinity, 2n ** 63n, 'x'.repeat(256)])('%s cannot be carried', (value) => {
    expect(judge(point('p'), undefined, { at: 0 }, value)).toMatchObject({
      value: null,
      flag: 9,
      reason: 'decode',
    });
  });
});
