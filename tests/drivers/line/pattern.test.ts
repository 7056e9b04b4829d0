import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { LineError } from '../../../drivers/line/line-error.js';
import { createPattern, type Pattern } from '../../../drivers/line/pattern/pattern.js';

const fails = (text: string): string => {
  try {
    createPattern(text);
    return 'accepted';
  } catch (error) {
    if (!(error instanceof LineError)) throw error;
    return error.message;
  }
};

const patternOrNot = (text: string): Pattern | undefined => {
  try {
    return createPattern(text);
  } catch (error) {
    if (!(error instanceof LineError)) throw error;
    return undefined;
  }
};

it('finds the named groups of a whole line', () => {
  const wind = createPattern(
    String.raw`^(?<address>[A-Z]),(?<direction>\d{3})?,(?<speed>[\d.]+),M,(?<status>\d\d),$`,
  );
  expect([...(wind.match('Q,229,002.74,M,00,') ?? [])]).toEqual([
    ['address', 'Q'],
    ['direction', '229'],
    ['speed', '002.74'],
    ['status', '00'],
  ]);
  expect(wind.match('Q,,000.05,M,00,')?.has('direction')).toBe(false);
  expect(wind.match('xQ,229,002.74,M,00,')).toBeUndefined();
  expect(wind.match('Q,229,002.74,M,00,x')).toBeUndefined();
});

it.each([
  ['(a', 'closed'],
  ['a)', 'too many'],
  ['(?=a)', 'only'],
  [String.raw`(a)\1`, String.raw`\1`],
  [String.raw`\bx`, String.raw`\b`],
  ['(a*)*', 'can be empty'],
  ['a{3,2}', 'counts down'],
  ['a{999}', 'more than'],
  ['((((((a{200}){200}))))){2}', 'too large'],
  ['a^b', 'whole line'],
  ['(?<x>a)(?<x>b)', 'two groups'],
  ['[z-a]', 'range'],
  ['*', 'nothing'],
  ['€', 'Latin-1'],
  ['x{', 'nothing'],
])('refuses %s and says why', (text, why) => {
  expect(fails(text)).toContain(why);
});

const leaf = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', String.raw`\d`, String.raw`\w`, String.raw`\.`);
const { tree } = fc.letrec<{ tree: string }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.tuple(tie('tree'), tie('tree')).map(([a, b]) => a + b),
    fc.tuple(tie('tree'), tie('tree')).map(([a, b]) => `(?:${a}|${b})`),
    fc
      .tuple(tie('tree'), fc.constantFrom('*', '+', '?', '{2}', '{1,3}', '{2,}', '*?', '+?', '??'))
      .map(([a, quantifier]) => `(?:${a})${quantifier}`),
    fc.tuple(tie('tree')).map(([a]) => `(?<#>${a})`),
  ),
}));
/** Groups get names by their order. */
const named = tree.map((text) => {
  let index = 0;
  return text.replaceAll('#', () => `g${index++}`);
});

it('matches as ECMAScript does', () => {
  let compared = 0;
  fc.assert(
    fc.property(named, fc.stringMatching(/^[ab1.]{0,8}$/), (text, line) => {
      const pattern = patternOrNot(text);
      if (pattern === undefined) return;
      const expected = new RegExp(`^(?:${text})$`, 'u').exec(line);
      const groups = pattern.match(line);
      expect(groups === undefined).toBe(expected === null);
      if (expected === null) return;
      compared++;
      const held = Object.entries(expected.groups ?? {}).filter(([, value]) => value !== undefined);
      expect(Object.fromEntries(groups ?? [])).toEqual(Object.fromEntries(held));
    }),
    { numRuns: 3000 },
  );
  expect(compared).toBeGreaterThan(100);
});

it('takes time linear in the line, whatever the pattern', () => {
  const line = `${'a'.repeat(1024)}!`;
  for (const text of ['(?:a+)+', '(?:a|a)+', '(?:a|aa)+', 'a*a*a*a*a*a*a*a*b', '(?:[^!]+[^!]+)+b'])
    expect(createPattern(text).match(line)).toBeUndefined();
});

it('throws its own errors alone, on any text', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (text, line) => {
      patternOrNot(text)?.match(line);
    }),
  );
});
