import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Fault } from '../../../drivers/sample.js';
import type { FieldPoint } from '../../../drivers/profile.js';
import { Heard } from '../../../drivers/telegram/heard.js';
import type { Field, Telegram } from '../../../drivers/telegram/telegram.js';

const NOTHING: Fault = { code: 'timeout', detail: 'nothing' };
const NO_BYTES = new Uint8Array(0);

const point = (field: string, kind = 'gauge'): FieldPoint => ({
  key: field,
  name: field,
  kind,
  property: 'unknown',
  unit: '1',
  valueType: 'integer',
  scale: 1,
  offset: 0,
  installation: [],
  field,
});
const telegram = (values: Readonly<Record<string, number | Fault>>): Telegram => ({
  address: '',
  fields: new Map(
    Object.entries(values).map(([name, value]): [string, Field] =>
      typeof value === 'number'
        ? [name, { value, raw: NO_BYTES }]
        : [name, { value: null, raw: NO_BYTES, fault: value }],
    ),
  ),
});
const take = (heard: Heard, asked: FieldPoint) =>
  heard.take(asked, NOTHING, 0).map(({ value, fault }) => value ?? fault?.code);

describe('what was heard of a device', () => {
  test('is its newest value, once', () => {
    const heard = new Heard(false);
    expect(heard.ready(point('a'))).toBe(false);
    heard.accept(telegram({ a: 1 }), 1);
    heard.accept(telegram({ a: 2 }), 2);
    heard.accept(telegram({ b: 3 }), 3);
    expect(heard.ready(point('a'))).toBe(true);
    expect(take(heard, point('a'))).toEqual([2]);
    expect(heard.ready(point('a'))).toBe(false);
    expect(take(heard, point('a'))).toEqual(['timeout']);
    expect(take(heard, point('b'))).toEqual([3]);
  });

  test('is all there is where telegrams are complete: nobody waits for a field that they lack', () => {
    const heard = new Heard(true);
    heard.accept(telegram({ a: 1 }), 1);
    expect(heard.ready(point('b'))).toBe(true);
    expect(take(heard, point('b'))).toEqual(['decode']);
  });

  test('keeps a sound value where the one after it was damaged, and no longer than to the next read', () => {
    const damaged: Fault = { code: 'checksum', detail: 'damaged' };
    const heard = new Heard(true);
    heard.accept(telegram({ a: 1 }), 1);
    heard.accept(telegram({ a: damaged }), 2);
    expect(heard.take(point('a'), NOTHING, 9)).toMatchObject([{ value: 1, at: 1 }]);
    heard.accept(telegram({ a: damaged }), 3);
    expect(take(heard, point('a'))).toEqual(['checksum']);
  });

  test('is every event since the last read, each once, in their order', () => {
    const event = point('a', 'event');
    fc.assert(
      fc.property(fc.array(fc.array(fc.nat(99), { maxLength: 20 }), { maxLength: 10 }), (rounds) => {
        const heard = new Heard(false);
        heard.accept(telegram({ a: 7 }), 0);
        expect(take(heard, event)).toEqual([7]);
        for (const values of rounds) {
          values.forEach((value, at) => heard.accept(telegram({ a: value }), at));
          expect(take(heard, event)).toEqual(values.length === 0 ? ['timeout'] : values);
        }
      }),
    );
  });

  test('says how many events were lost where too many came', () => {
    const event = point('a', 'event');
    const heard = new Heard(false);
    heard.accept(telegram({ a: 0 }), 0);
    heard.take(event, NOTHING, 0);
    for (let value = 1; value <= 5000; value++) heard.accept(telegram({ a: value }), value);
    const [loss, ...kept] = heard.take(event, NOTHING, 0);
    expect(loss?.fault?.detail).toMatch(new RegExp(`^${5000 - kept.length} values`));
    expect(kept.at(-1)?.value).toBe(5000);
    heard.accept(telegram({ a: 1 }), 1);
    expect(take(heard, event)).toEqual([1]);
  });

  test('takes no more memory than for so many fields', () => {
    const heard = new Heard(false);
    for (let index = 0; index < 5000; index++) heard.accept(telegram({ [`f${index}`]: index }), index);
    expect(take(heard, point('f10'))).toEqual([10]);
    expect(take(heard, point('f4999'))).toEqual(['timeout']);
  });
});
