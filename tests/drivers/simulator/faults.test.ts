import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseFaults } from '../../../drivers/simulator/faults.js';
import { SimulatorError } from '../../../drivers/simulator/simulator-error.js';

describe('faults on a command line', () => {
  test('are read as they are written', () => {
    expect(parseFaults('late=3%,crc=1%,silent=unit7')).toEqual({
      lateRate: 0.03,
      lateMs: 1200,
      crcRate: 0.01,
      silentUnits: ['7'],
    });
    expect(parseFaults('late=0.5%:2s, silent=7+unit9, double=3, echo, turnaround=20ms, seed=4')).toEqual({
      lateRate: 0.005,
      lateMs: 2000,
      silentUnits: ['7', '9'],
      doubledUnits: ['3'],
      echo: true,
      turnaroundMs: 20,
      seed: 4,
    });
    expect(parseFaults('stray=1%,wrong-unit=2%,split=10%')).toEqual({
      strayRate: 0.01,
      wrongUnitRate: 0.02,
      splitRate: 0.1,
    });
  });

  test.each([
    ['lat=3%', 'there is no fault "lat" (accepted: late,'],
    ['late=3', 'late takes a share such as 3%, not "3"'],
    ['crc=101%', 'crc takes a share such as 3%, not "101%"'],
    ['late=3%:soon', 'late takes a duration such as 20ms, not "soon"'],
    ['late=3%:1s:2s', 'late takes a share and a duration'],
    ['silent=unit999', 'silent takes units such as unit7 or 7+9, not "unit999"'],
    ['echo=yes', 'echo takes no value, not "yes"'],
    ['crc=1%,crc=2%', 'crc is given twice'],
    ['__proto__=1', 'there is no fault "__proto__"'],
    ['', 'there is no fault ""'],
  ])('%j is refused by name', (text, message) => {
    expect(() => parseFaults(text)).toThrow(message);
    expect(() => parseFaults(text)).toThrow(SimulatorError);
  });

  test('never fail otherwise, whatever is written', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parseFaults(text);
        } catch (error) {
          expect(error).toBeInstanceOf(SimulatorError);
        }
      }),
    );
  });
});
