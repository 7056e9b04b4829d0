import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  communeFault,
  pceFault,
  prmFault,
  sirenFault,
  siretFault,
} from '../../../../fleet/registry/organisations/official-codes.js';

const CODES: readonly [
  what: string,
  check: typeof communeFault,
  good: readonly string[],
  bad: readonly string[],
][] = [
  [
    'an INSEE commune code',
    communeFault,
    // Paris, Bourg-en-Bresse, Ajaccio, Bastia, Basse-Terre, Saint-Denis, Mamoudzou, Saint-Pierre, Uvea, Papeete, Nouméa
    [
      '75056',
      '01053',
      '2A004',
      '2B033',
      '97105',
      '97411',
      '97611',
      '97502',
      '98613',
      '98735',
      '98818',
      '95018',
    ],
    [
      '20004',
      '2C004',
      '2a004',
      '00001',
      '96001',
      '99100',
      '97901',
      '98301',
      '75000',
      '97100',
      '7505',
      '750566',
      '75O56',
      '',
    ],
  ],
  [
    'a SIREN',
    sirenFault,
    ['732829320', '356000000', '200054781'],
    ['732829321', '73282932', '7328293200', 'A32829320'],
  ],
  [
    'a SIRET',
    siretFault,
    // the seat of La Poste by the common rule, others of its establishments by their digit sum
    ['73282932000074', '35600000000048', '35600000049837', '35600000009075'],
    ['73282932000075', '35600000049838', '73282932100074', '7328293200007', '356000000498377'],
  ],
  ['a PRM', prmFault, ['19123456789012', '00000000000001'], ['1912345678901', '11111111111111', 'GI123456']],
  ['a PCE', pceFault, ['21123456789012', 'GI123456'], ['GI12345', '22222222222222', 'gi123456']],
];

describe.each(CODES)('%s', (_, check, good, bad) => {
  test.each(good)('may be %s', (code) => expect(check(code)).toBeUndefined());
  test.each(bad)('may not be "%s"', (code) => expect(check(code)).toEqual(expect.any(String)));
});

const digits = (length: number) =>
  fc.array(fc.integer({ min: 0, max: 9 }), { minLength: length, maxLength: length });

test('one digit wrong, or two neighbours exchanged, is found in a SIREN, but for 0 and 9', () => {
  const siren = digits(8).map((head) => {
    const text = head.join('');
    return Array.from({ length: 10 }, (_, last) => `${text}${last}`).find(
      (code) => sirenFault(code) === undefined,
    );
  });
  fc.assert(
    fc.property(siren, fc.nat(8), fc.integer({ min: 1, max: 9 }), (code = '', place, by) => {
      const changed = (Number(code[place]) + by) % 10;
      expect(sirenFault(`${code.slice(0, place)}${changed}${code.slice(place + 1)}`)).toBeDefined();
      const [one = '', other = ''] = [code[place], code[place + 1]];
      if (other === '' || one === other || new Set(['09', '90']).has(one + other)) return;
      expect(sirenFault(`${code.slice(0, place)}${other}${one}${code.slice(place + 2)}`)).toBeDefined();
    }),
  );
});
