import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createDeviceTime } from '../../../agent/clock/device-time.js';
import { createClock } from '../../../agent/clock/gateway-clock.js';
import { decodeNmea } from '../../../drivers/nmea/decode.js';
import { formatSentence } from '../../../drivers/nmea/sentence.js';
import type { FieldPoint } from '../../../drivers/profile.js';
import type { Sample } from '../../../drivers/sample.js';
import { samplesOf } from '../../../drivers/telegram/samples-of.js';
import { profile } from '../../support/modbus.js';

const BUILT = Date.UTC(2026, 0, 1);
const NOW = Date.UTC(2026, 10, 22, 1);
const ROLLOVER_MS = 1024 * 7 * 86_400_000;

const sample = (deviceTime: number, more: Partial<Sample> = {}): Sample => ({
  point: 'latitude',
  value: 45,
  raw: new Uint8Array(),
  at: 5_000,
  deviceTime,
  deviceClock: 'sound',
  ...more,
});

/** A gateway that woke in 1970, 5 s ago. */
const openClock = (deviceKey: string | undefined) => {
  const deviceTime = createDeviceTime(deviceKey, BUILT);
  const clock = createClock({
    boot: 'boot',
    monotonic: () => 5_000,
    wall: () => 5_000,
    disciplined: () => false,
    every: () => () => undefined,
    sources: [deviceTime.source],
  });
  const hear = (key: string, protocol: string, ...samples: readonly Sample[]) =>
    deviceTime.hear({ key, profile: { ...profile([]), protocol } }, samples);
  return { clock, hear };
};

test('a receiver whose status is valid sets the clock of a gateway that knows no time', () => {
  const { clock, hear } = openClock('gnss');
  expect(clock.now().state).toBe('unsynced');
  hear('gnss', 'nmea', sample(NOW));
  expect(clock.now()).toMatchObject({ state: 'synced', time: NOW });
});

test('a receiver whose week counter rolled over is set right', () => {
  const { clock, hear } = openClock('gnss');
  hear('gnss', 'nmea', sample(NOW - ROLLOVER_MS));
  expect(clock.now()).toMatchObject({ state: 'synced', time: NOW });
});

test.each<[string, string, string, Sample]>([
  ['of another device', 'other', 'nmea', sample(NOW)],
  ['that its device does not call sound', 'gnss', 'nmea', sample(NOW, { deviceClock: 'degraded' })],
  [
    'of a value that was not read',
    'gnss',
    'nmea',
    sample(NOW, { value: null, fault: { code: 'checksum', detail: '' } }),
  ],
  ['of a meter from before the program was built', 'gnss', 'tic', sample(BUILT - 1)],
])('a time %s is not believed', (_, key, protocol, heard) => {
  const { clock, hear } = openClock('gnss');
  hear(key, protocol, heard);
  expect(clock.now().state).toBe('unsynced');
});

/** RMC of a day, without line end. */
const rmcOf = (date: string, status = 'A', mode = 'A'): Uint8Array =>
  formatSentence('GN', 'RMC', [
    '010000.00',
    status,
    '4545.0',
    'N',
    '00450.0',
    'E',
    '0.0',
    '0.0',
    date,
    '',
    '',
    mode,
  ]).subarray(0, -2);

const fieldPoint = (field: string): FieldPoint => ({
  key: field,
  name: field,
  field,
  kind: 'gauge',
  property: 'unknown',
  unit: '1',
  valueType: 'float',
  scale: 1,
  offset: 0,
});

/** What the device's points say at a sentence. */
const heardOf = (sentence: Uint8Array): readonly Sample[] =>
  samplesOf([fieldPoint('RMC.latitude'), fieldPoint('ZDA.day')], decodeNmea(sentence), 5_000);

test.each([
  ['as it is', '221126'],
  ['set right where the week counter has rolled over', '080407'],
])('the time of a valid sentence is taken %s', (_, date) => {
  const { clock, hear } = openClock('gnss');
  hear('gnss', 'nmea', ...heardOf(rmcOf(date)));
  expect(clock.now()).toMatchObject({ state: 'synced', time: NOW });
});

test('no receiver sets the clock to before the program was built', () => {
  const days = fc.integer({ min: 0, max: 365 * 40 });
  fc.assert(
    fc.property(days, (day) => {
      const date = new Date(Date.UTC(1990, 0, 1) + day * 86_400_000);
      const text = [date.getUTCDate(), date.getUTCMonth() + 1, date.getUTCFullYear() % 100]
        .map((part) => String(part).padStart(2, '0'))
        .join('');
      const { clock, hear } = openClock('gnss');
      hear('gnss', 'nmea', ...heardOf(rmcOf(text)));
      expect(clock.now().time).toBeGreaterThanOrEqual(BUILT);
    }),
  );
});

test.each([
  ['a warning', rmcOf('221126', 'V')],
  ['dead reckoning', rmcOf('221126', 'A', 'E')],
  ['a simulator', rmcOf('221126', 'A', 'S')],
  ['no date', rmcOf('')],
  ['a date that there is not', rmcOf('310226')],
  ['no validity', formatSentence('GP', 'ZDA', ['201530.00', '22', '11', '2026', '00', '00']).subarray(0, -2)],
])('no time is taken from a sentence with %s', (_, sentence) => {
  const { clock, hear } = openClock('gnss');
  hear('gnss', 'nmea', ...heardOf(sentence));
  expect(clock.now().state).toBe('unsynced');
});

test('a sentence without its checksum is refused before any time is taken', () => {
  expect(() => heardOf(Buffer.from('$GPRMC,101500,A,,,,,,,221126,,', 'latin1'))).toThrow(/checksum/);
});
