import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { ProfileError, listProfiles, loadProfile, parseProfile } from '../../drivers/profile-file.js';
import type { Vocabulary } from '../../drivers/vocabulary.js';
import { registerOf } from '../support/modbus.js';

const vocabulary: Vocabulary = {
  kinds: ['gauge', 'counter', 'state', 'text', 'angle'],
  properties: new Map([
    ['air_temperature', { unit: 'Cel', kinds: ['gauge'] }],
    ['active_energy', { unit: 'kW.h', kinds: ['counter', 'interval'] }],
    ['wind_direction', { unit: 'deg', kinds: ['angle'] }],
    ['fault', { unit: '1', kinds: ['state'] }],
  ]),
  units: new Map([
    ['Cel', { quantity: 'temperature' }],
    ['K', { quantity: 'temperature' }],
    ['kW.h', { quantity: 'energy' }],
    ['W.h', { quantity: 'energy' }],
    ['deg', { quantity: 'angle' }],
    ['1', { quantity: 'ratio' }],
  ]),
};

const HEAD = `maker: Acme
model: T1
protocol: modbus
source: { document: T1 manual }
`;

const parse = (text: string) => parseProfile(text, 't1.yaml', 'acme/t1', vocabulary);

const errorOf = (text: string): ProfileError => {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof ProfileError) return error;
    throw error;
  }
  throw new Error('the profile was accepted');
};

/** Problems as `line key`, for text that begins below the five lines of head and `points:`. */
const problemsOf = (points: string): string[] =>
  errorOf(`${HEAD}points:\n${points}`).problems.map(({ line, key }) => `${line} ${key}`);

const pointOf = (point: string, head = '') => {
  const [first] = parse(`${HEAD}${head}points:\n  p: { ${point} }\n`).points;
  if (first === undefined) throw new Error('no point');
  return first;
};

describe('a profile', () => {
  test('fills in what a point leaves unsaid', () => {
    expect(pointOf('address: 0x10, type: int16, scale: 0.1, property: air_temperature')).toEqual({
      key: 'p',
      name: 'p',
      kind: 'gauge',
      property: 'air_temperature',
      unit: 'Cel',
      valueType: 'float',
      scale: 0.1,
      offset: 0,
      installation: ['ratio', 'offset'],
      vectors: [],
      register: { table: 'holding', address: 16, type: 'int16', order: 'AB', length: 1, sentinels: [] },
    });
  });

  test('names its hash by the text alone', () => {
    const text = `${HEAD}points:\n  p: { address: 1, type: int16, property: air_temperature }\n`;
    expect(parse(text).hash).toBe(parse(text).hash);
    expect(parse(text).hash).not.toBe(parse(`${text}# moved\n`).hash);
  });

  test.each([
    ['int32, scale: 1', 'integer'],
    ['int32, scale: 10', 'integer'],
    ['int32, scale: 0.5', 'float'],
    ['int32, offset: 0.5', 'float'],
    ['float32', 'float'],
  ])('infers the type of values of %s', (type, valueType) => {
    expect(pointOf(`address: 0, property: active_energy, type: ${type}`).valueType).toBe(valueType);
  });

  test('makes a state of a bit and of named codes', () => {
    expect(pointOf('address: 0, type: bool, bit: 2, property: fault')).toMatchObject({
      kind: 'state',
      valueType: 'state',
    });
    expect(pointOf('address: 0, type: uint16, property: fault, states: { 0: ok, 1: bad }')).toMatchObject({
      kind: 'state',
      states: { 0: 'ok', 1: 'bad' },
    });
  });

  test.each([
    ['ABCD', 'uint16', 'AB'],
    ['CDAB', 'uint16', 'AB'],
    ['BADC', 'uint16', 'BA'],
    ['DCBA', 'uint16', 'BA'],
    ['CDAB', 'uint64', 'GHEFCDAB'],
    ['BADC', 'float64', 'BADCFEHG'],
    ['DCBA', 'int64', 'HGFEDCBA'],
    ['CDAB', 'uint48', 'EFCDAB'],
    ['CDAB', 'bcd32', 'CDAB'],
    ['CDAB', 'float32', 'CDAB'],
  ])("carries a device's order %s over to %s", (order, type, expected) => {
    const point = pointOf(
      `address: 0, type: ${type}, property: active_energy`,
      `defaults: { order: ${order} }\n`,
    );
    expect(registerOf(point).order).toBe(expected);
  });

  test('keeps a 64-bit sentinel exact', () => {
    const point = pointOf(
      'address: 0, type: uint64, property: active_energy, sentinels: [0xFFFFFFFFFFFFFFFF, 7]',
    );
    expect(registerOf(point).sentinels).toEqual([18446744073709551615n, 7]);
  });

  test('counts addresses from 0, whatever its document does', () => {
    expect(
      registerOf(
        pointOf('address: 101, type: int16, property: air_temperature', 'modbus: { addressBase: 1 }\n'),
      ).address,
    ).toBe(100);
  });
});

describe('a bad profile', () => {
  test.each([
    ['type: uint16, mask: 0x0050', /side by side/],
    ['type: uint32, mask: 0x00F0', /belongs to a uint16/],
  ])('with a mask of no use is refused: %s', (place, why) => {
    const text = `maker: Acme\nmodel: T1\nprotocol: modbus\nsource: { document: T1 manual, page: '1' }\npoints:\n  p: { address: 0, ${place}, property: fault, states: { 0: ok } }\n`;
    expect(errorOf(text).problems.map(({ message }) => message)).toEqual([expect.stringMatching(why)]);
  });

  test('is told all that is wrong at once, with line, column and key', () => {
    const { code, problems } = errorOf(`maker: Acme
modle: T1
protocol: modbuss
source: { document: T1 manual, pages: 12 }
points:
  p: { address: -1, type: int17, property: air_temperature, range: [1] }
`);
    expect(code).toBe('invalid');
    expect(problems.map(({ line, column, key }) => `${line}:${column} ${key}`).toSorted()).toEqual([
      '1:1 model',
      '2:1 modle',
      '3:1 protocol',
      '4:32 source.pages',
      '6:21 points.p.type',
      '6:61 points.p.range',
      '6:8 points.p.address',
    ]);
    expect(problems.find(({ key }) => key === 'modle')?.accepted?.[0]).toBe('model');
    expect(problems.find(({ key }) => key === 'points.p.type')?.accepted?.[0]).toBe('int16');
  });

  test('names the properties and units that were meant', () => {
    const { problems } = errorOf(`${HEAD}points:
  a: { address: 0, type: int16, property: air_temprature }
  b: { address: 1, type: int16, property: air_temperature, unit: kelvin }
  c: { address: 2, type: int16, property: air_temperature, unit: W.h }
  d: { address: 3, type: int16, property: air_temperature, dialUnit: deg }
`);
    expect(problems.map(({ line, key, accepted }) => [line, key, accepted?.[0]])).toEqual([
      [6, 'points.a.property', 'air_temperature'],
      [7, 'points.b.unit', 'K'],
      [8, 'points.c.unit', 'Cel'],
      [9, 'points.d.dialUnit', 'Cel'],
    ]);
  });

  test.each([
    [
      'a kind that the property does not have',
      'p: { address: 0, type: int16, property: wind_direction, kind: gauge }',
      'kind',
    ],
    ['a state without its codes', 'p: { address: 0, type: int16, property: fault, kind: state }', 'states'],
    ['a bit without its number', 'p: { address: 0, type: bool, property: fault }', 'bit'],
    ['a bit of a number', 'p: { address: 0, type: int16, bit: 1, property: air_temperature }', 'bit'],
    ['a number in a coil', 'p: { address: 0, table: coil, type: int16, property: air_temperature }', 'type'],
    ['a point without a type', 'p: { address: 0, property: air_temperature }', 'type'],
    ['a string without its length', 'p: { address: 0, type: string, property: fault }', 'length'],
    [
      'an order of another width',
      'p: { address: 0, type: int16, order: ABCD, property: air_temperature }',
      'order',
    ],
    [
      'an order that is none',
      'p: { address: 0, type: int32, order: AABB, property: air_temperature }',
      'order',
    ],
    ['registers beyond the end', 'p: { address: 65535, type: int32, property: air_temperature }', 'address'],
    ['a scale of 0', 'p: { address: 0, type: int16, scale: 0, property: air_temperature }', 'scale'],
    [
      'a range upside down',
      'p: { address: 0, type: int16, range: [9, 1], property: air_temperature }',
      'range',
    ],
    [
      'the rollover of a gauge',
      'p: { address: 0, type: int16, rollover: 9, property: air_temperature }',
      'rollover',
    ],
    [
      'a sentinel too wide',
      'p: { address: 0, type: int16, sentinels: [0x10000], property: air_temperature }',
      'sentinels.0',
    ],
    [
      'a sentinel that is no number',
      'p: { address: 0, type: int16, sentinels: [none], property: air_temperature }',
      'sentinels.0',
    ],
    [
      'a vector of another length',
      'p: { address: 0, type: int16, property: air_temperature, vectors: [{ raw: 00 00 00 01, value: 1, cite: page 3 }] }',
      'vectors.0.raw',
    ],
  ])('may not have %s', (_, point, key) => {
    expect(problemsOf(`  ${point}\n`)).toContain(`6 points.p.${key}`);
  });

  test('may not poll faster than its device bears', () => {
    const { problems } = errorOf(
      `${HEAD}minInterval: 1m\npoints:\n  p: { address: 0, type: int16, property: air_temperature, interval: 10s }\n`,
    );
    expect(problems.map(({ key }) => key)).toEqual(['points.p.interval']);
  });

  test('may not say a key twice', () => {
    const [problem] = errorOf(`${HEAD}points:\n  p: { address: 0 }\n  p: { address: 1 }\n`).problems;
    expect(problem).toMatchObject({ line: 7, message: 'the key p stands here twice' });
  });

  test('is refused without a crash, whatever the text', () => {
    const scrap = fc.constantFrom(
      'maker: x\n',
      'points:\n',
      '  p:\n',
      '- ',
      '&a ',
      '*a ',
      '{',
      ']',
      '"',
      '? ',
      '0x',
      '!!js ',
      '\t',
      '<<: *a\n',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(scrap).map((parts) => parts.join('')),
        ),
        (text) => {
          expect(() => parse(text)).toThrow(ProfileError);
        },
      ),
    );
  });
});

const textOf = (model: string): string =>
  `maker: Acme\nmodel: ${model}\nprotocol: modbus\nsource: { document: manual }\npoints:\n  p: { address: 0, type: int16, unit: Cel, kind: gauge, property: air_temperature }\n`;

describe('profiles on disk', () => {
  const root = mkdtempSync(join(tmpdir(), 'terroir-profiles-'));
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  test("are listed, and a site's own folder goes first", () => {
    const [own, packaged] = [join(root, 'own'), join(root, 'packaged')];
    for (const folder of [own, packaged]) mkdirSync(join(folder, 'acme'), { recursive: true });
    writeFileSync(join(packaged, 'acme/t1.yaml'), textOf('packaged'));
    writeFileSync(join(packaged, 'acme/t2.yaml'), textOf('packaged'));
    writeFileSync(join(own, 'acme/t1.yaml'), textOf('own'));
    expect(listProfiles([own, packaged, join(root, 'absent')])).toEqual(['acme/t1', 'acme/t2']);
    expect(loadProfile([own, packaged], 'acme/t1')).toMatchObject({ id: 'acme/t1', model: 'own' });
    expect(loadProfile([own, packaged], 'acme/t2').model).toBe('packaged');
    for (const id of ['acme/t3', '../own/acme/t1', '/etc/passwd', 'acme']) {
      const load = (): unknown => loadProfile([own, packaged], id);
      expect(load).toThrow(ProfileError);
      expect(load).toThrow(/acme\/t1/);
    }
  });
});
