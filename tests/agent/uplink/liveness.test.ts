import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Liveness } from '../../../agent/uplink/liveness.js';

const makeLink = () => {
  const time = { now: 0 };
  return { time, link: new Liveness(() => time.now) };
};

describe('a link', () => {
  it('that was asked nothing is left alone, however quiet', () => {
    const { time, link } = makeLink();
    time.now = 86_400_000;
    expect(link.check()).toBe('wait');
  });

  it('that does not answer is probed once, then given up', () => {
    const { time, link } = makeLink();
    link.asked();
    const verdicts = Array.from({ length: 11 }, () => {
      const verdict = link.check();
      time.now += 2_500;
      return verdict;
    });
    expect(verdicts).toEqual([...Array(4).fill('wait'), 'probe', ...Array(5).fill('wait'), 'dead']);
  });

  it('is never given up while something is heard at least every 20 s, and always soon after it falls silent', () => {
    const step = fc.record({ ms: fc.integer({ min: 1, max: 20_000 }), ask: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
        const { time, link } = makeLink();
        for (const { ms, ask } of steps) {
          if (ask) link.asked();
          time.now += ms;
          expect(link.check()).not.toBe('dead');
          link.heard();
        }
        link.asked();
        time.now += 25_000;
        expect(link.check()).toBe('dead');
      }),
    );
  });
});
