import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeRegisters } from '../../../drivers/modbus/decode-registers.js';
import { planWrite } from '../../../drivers/modbus/plan-write.js';
import type { RegisterPoint } from '../../../drivers/profile.js';
import { point } from '../../support/modbus.js';

const writable = { min: 5, max: 30 };
const setpoint = point('setpoint', { address: 4, type: 'int16' }, { scale: 0.1, unit: 'Cel', writable });
const mode = point(
  'mode',
  { address: 5 },
  { valueType: 'state', states: { 0: 'off', 2: 'comfort' }, writable: { min: 0, max: 9 } },
);

describe('a write that is not allowed is refused before anything is sent', () => {
  const refusals: [string, RegisterPoint, number | bigint | string, string, string][] = [
    ['of a point not marked', point('a', {}), 1, 'not-writable', 'does not mark it writable'],
    [
      'of an input register',
      point('a', { table: 'input' }, { writable }),
      9,
      'not-writable',
      'in its input table',
    ],
    ['above the limits', setpoint, 30.1, 'value', '30.1 Cel is outside of 5 to 30 Cel'],
    ['below the limits', setpoint, -1n, 'value', 'outside of 5 to 30'],
    ['that the register would round', setpoint, 18.04, 'value', 'the register would hold 18'],
    ['of text to a number', setpoint, 'warm', 'value', '"warm" is no number'],
    ['of no number', setpoint, Number.NaN, 'value', 'no number'],
    ['of no state', mode, 1, 'value', '1 is no state (0, 2)'],
    [
      'of a sentinel',
      point('a', { sentinels: [7] }, { writable }),
      7,
      'value',
      'cannot be told from no value',
    ],
    [
      'that does not fit',
      point('a', { type: 'uint16' }, { writable: { min: -5, max: 5 } }),
      -1,
      'value',
      'does not fit',
    ],
  ];
  test.each(refusals)('%s', (_, refused, value, code, message) => {
    expect(() => planWrite({ point: refused, value })).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });
});

const lines = (...parameters: Parameters<typeof planWrite>) =>
  planWrite(...parameters).requests.map(({ pdu }) => Buffer.from(pdu).toString('hex'));

test('requests have the shape of the standard', () => {
  expect(lines({ point: setpoint, value: 21.5 })).toEqual([
    '06000400d7',
    '10000400010200d7',
    '1700040001000400010200d7',
  ]);
  const coil = point('c', { table: 'coil', type: 'bool', address: 172 }, { writable: { min: 0, max: 1 } });
  expect(lines({ point: coil, value: 1 })).toEqual(['0500acff00', '0f00ac00010101']);
  const bit = point('b', { type: 'bool', bit: 3, address: 4 }, { writable: { min: 0, max: 1 } });
  expect(lines({ point: bit, value: 1 })).toEqual(['160004fff70008']);
  expect(lines({ point: bit, value: 0 })).toEqual(['160004fff70000']);
  const half = point('h', { type: 'int8h', address: 4 }, { writable: { min: -9, max: 9 } });
  expect(lines({ point: half, value: -2 })).toEqual(['16000400fffe00']);
  const field = point('f', { mask: 0x0070, address: 4, order: 'BA' }, { writable: { min: 0, max: 7 } });
  expect(lines({ point: field, value: 5 })).toEqual(['1600048fff5000']);
  const wide = point('w', { type: 'int32', order: 'CDAB', address: 1 }, { writable: { min: 0, max: 1e9 } });
  expect(lines({ point: wide, value: 0x01020304 })).toEqual([
    '10000100020403040102',
    '1700010002000100020403040102',
  ]);
});

test('whatever is planned holds the value that was asked for, and nothing else', () => {
  const anyType = fc.constantFrom('int16', 'int32', 'int64', 'float64');
  fc.assert(
    fc.property(anyType, fc.integer({ min: -3000, max: 3000 }), (type, digits) => {
      const order = 'ABCDEFGH'.slice(0, Number(type.replace(/\D/g, '')) / 8);
      const value = digits / 10;
      const limits = { writable: { min: -300, max: 300 }, scale: type === 'float64' ? 1 : 0.1 };
      const written = point('p', { type, order }, limits);
      const plan = planWrite({ point: written, value });
      const raw = plan.requests.find(({ pdu }) => pdu[0] === 16)?.pdu.slice(6) ?? new Uint8Array();
      expect(decodeRegisters(raw, written.register, written).value).toBe(value);
      expect(plan.holds(raw)).toBe(true);
      expect(plan.holds(raw.with(-1 + raw.length, (raw.at(-1) ?? 0) ^ 1))).toBe(false);
    }),
  );
});
