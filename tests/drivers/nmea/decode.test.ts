import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeNmea } from '../../../drivers/nmea/decode.js';
import { createNmeaFramer } from '../../../drivers/nmea/frame.js';
import { formatSentence } from '../../../drivers/nmea/sentence.js';
import { SENTENCES } from '../../../drivers/nmea/sentences.js';
import { nmeaSentences } from '../../../drivers/nmea/simulator/nmea-server.js';
import { TelegramError } from '../../../drivers/telegram/telegram-error.js';
import { samplesOf } from '../../../drivers/telegram/samples-of.js';
import type { FieldPoint, Profile } from '../../../drivers/profile.js';

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));

const point = (field: string): FieldPoint => ({
  key: field.toLowerCase().replaceAll('.', '_'),
  name: field,
  kind: 'gauge',
  property: 'unknown',
  unit: '1',
  valueType: 'float',
  scale: 1,
  offset: 0,
  installation: [],
  field,
});
const profile = (points: readonly FieldPoint[]): Profile => ({
  id: 'test/device',
  maker: 'Test',
  model: 'Device',
  protocol: 'nmea',
  source: { document: 'none', synthetic: true },
  maxRegisters: 1,
  minIntervalMs: 1,
  defaultIntervalMs: 1000,
  points,
  hash: '00',
});

const numbered = [...SENTENCES].flatMap(([type, { columns }]) =>
  columns.flatMap((column) =>
    column.is === 'number' || column.is === 'measure' ? [`${type}.${column.name}`] : [],
  ),
);

const degrees = (limit: number) => fc.double({ min: -limit, max: limit, noNaN: true });

describe('sentences', () => {
  test('give back what the simulator says', () => {
    fc.assert(
      fc.property(fc.constantFrom(...numbered), fc.integer({ min: -99_999, max: 99_999 }), (field, value) => {
        const points = [point(field)];
        const said = nmeaSentences(
          { address: 'GP', profile: profile(points), values: () => value / 100 },
          Date.UTC(2026, 5, 1),
        );
        const [sample] = samplesOf(points, decodeNmea(said), 0);
        expect(Number(sample?.value)).toBeCloseTo(value / 100, 5);
      }),
    );
  });

  test('give back positions in every quarter of the globe', () => {
    const points = [point('GGA.latitude'), point('GGA.longitude')];
    fc.assert(
      fc.property(degrees(89.9), degrees(179.9), (latitude, longitude) => {
        const values = ({ key }: { readonly key: string }) => (key === 'gga_latitude' ? latitude : longitude);
        const said = nmeaSentences({ address: 'GP', profile: profile(points), values }, Date.UTC(2026, 5, 1));
        const [north, east] = samplesOf(points, decodeNmea(said), 0);
        expect(Number(north?.value)).toBeCloseTo(latitude, 6);
        expect(Number(east?.value)).toBeCloseTo(longitude, 6);
      }),
    );
  });

  test('never mean another value where one bit of them was turned over', () => {
    const sound = bytes('$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47');
    for (let at = 0; at < sound.length; at++)
      for (let bit = 0; bit < 8; bit++) {
        const damaged = sound.with(at, (sound[at] ?? 0) ^ (1 << bit));
        expect(() => decodeNmea(damaged)).toThrow(TelegramError);
      }
  });

  test('throw nothing but a TelegramError, whatever the bytes', () => {
    const text = fc
      .array(fc.constantFrom(...'$GPRMCXDV,,,,0123.*NESWAZ\r\n'.split('')), { maxLength: 120 })
      .map((characters) => bytes(characters.join('')));
    const sentence = fc
      .tuple(
        fc.constantFrom('GGA', 'RMC', 'XDR', 'GSV', 'MWV', 'VTG', 'ZDA', 'GSA', 'HDG'),
        fc.array(fc.stringMatching(/^[A-Z0-9. -]{0,9}$/), { maxLength: 22 }),
      )
      .map(([type, fields]) => formatSentence('GP', type, fields));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), text, sentence), (any) => {
        try {
          decodeNmea(any);
        } catch (error) {
          expect(error).toBeInstanceOf(TelegramError);
        }
      }),
    );
  });
});

describe('the framer', () => {
  const rmc = formatSentence('GP', 'RMC', ['123519', 'A']);
  const views = [1, 2].map((number) => formatSentence('GP', 'GSV', ['2', String(number), '5']));

  test('gives sentences whole, however they come, and passes over those of others', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), (size) => {
        const take = createNmeaFramer();
        const line = Buffer.concat([
          bytes('garbage*47\r\n'),
          formatSentence('GP', 'TXT', ['01', '01', '02', 'hello']),
          bytes('$PUBX,00*33\r\n!AIVDM,1,1,,A,13u?etPv2,0*24\r\n'),
          rmc,
          rmc,
        ]);
        const telegrams: Uint8Array[] = [];
        for (let at = 0; at < line.length; at += size) telegrams.push(...take(line.subarray(at, at + size)));
        expect(telegrams).toEqual([rmc.subarray(0, -2), rmc.subarray(0, -2)]);
      }),
    );
  });

  test('gives a group of satellites as one telegram, and none with a gap', () => {
    const take = createNmeaFramer();
    const [first = new Uint8Array(0), second = new Uint8Array(0)] = views;
    expect(take(Buffer.concat([first, second]))).toEqual([Uint8Array.from([...first, ...second])]);
    expect(take(second)).toEqual([]);
    expect(take(Buffer.concat([first, first, second]))).toHaveLength(1);
  });

  test('holds no more than a sentence of what never ends', () => {
    const take = createNmeaFramer();
    for (let round = 0; round < 100; round++)
      expect(take(bytes(`${round === 0 ? '$GPRMC' : ''}${'1'.repeat(1000)}`))).toEqual([]);
    expect(take(Buffer.concat([bytes('\r\n'), rmc]))).toHaveLength(1);
  });
});
