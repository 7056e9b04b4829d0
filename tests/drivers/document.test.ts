import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { durationMs, formatDuration } from '../../drivers/document/duration.js';
import { nearest } from '../../drivers/document/nearest.js';
import { renderProblem } from '../../drivers/document/problem.js';
import { openYaml } from '../../drivers/document/yaml-document.js';

describe('a duration', () => {
  test.each([
    ['500ms', 500],
    ['10s', 10_000],
    ['1.5s', 1500],
    ['15m', 900_000],
    ['1h', 3_600_000],
    ['1d', 86_400_000],
  ])('%s is %d ms', (text, ms) => expect(durationMs(text)).toBe(ms));

  test('reads back as it was written', () => {
    fc.assert(fc.property(fc.nat(), (ms) => durationMs(formatDuration(ms)) === ms));
  });
});

describe('what was meant', () => {
  test('comes first', () => {
    expect(nearest('intervall', ['interval', 'installation', 'address'])[0]).toBe('interval');
    expect(nearest('temperature', ['pressure', 'air_temperature', 'voltage'])[0]).toBe('air_temperature');
  });
});

describe('a YAML document', () => {
  test('knows the place of keys, list items and missing keys', () => {
    const document = openYaml('a:\n  b: [1, 2]\n  c: {d: 0012}\n', 'f.yaml');
    document.report(['a', 'b', '1'], 'x');
    document.report(['a', 'c', 'd'], 'x');
    document.report(['a', 'absent', 'deeper'], 'x');
    expect(document.problems.map(({ line, column }) => [line, column])).toEqual([
      [2, 10],
      [3, 7],
      [1, 1],
    ]);
    expect(document.written(['a', 'c', 'd'])).toBe('0012');
  });

  test('refuses an alias bomb and a file beyond a megabyte', () => {
    const bomb = `a: &a [x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, *b]\nd: [*c, *c, *c, *c, *c, *c, *c]\n`;
    expect(openYaml(bomb, 'f.yaml').problems).toHaveLength(1);
    expect(openYaml('x'.repeat(2_000_000), 'f.yaml').problems).toHaveLength(1);
  });
});

describe('a problem', () => {
  test('reads as one line', () => {
    const place = { file: 'f.yaml', line: 3, column: 5, key: 'a.b', message: 'is wrong' };
    expect(renderProblem({ ...place, accepted: ['x', 'y'] })).toBe(
      'f.yaml:3:5 a.b: is wrong (accepted: x, y)',
    );
    expect(renderProblem({ ...place, line: 0, key: '' })).toBe('f.yaml: is wrong');
  });
});
