import { block, duration, measure, text, whole, type Meaning, type Table } from './meaning.js';

const CUBIC_FOOT_M3 = 0.028316846592;
const US_GALLON_M3 = 0.003785411784;
const KCAL_IN_KWH_OVER = 3600 / 4.1868;
const GJ_IN_KWH = { times: 1_000_000_000, over: 3_600_000 } as const;
const GJ_PER_HOUR_IN_WATT = { times: 1_000_000_000, over: 3600 } as const;
const MONTH = 'mo';
const YEAR = 'a';

/** Of heat cost allocators, from FB 68 on: all but the second in 2^-12. */
const RATING_FACTORS = [
  'rating factor K',
  'rating factor KQ',
  'rating factor KC',
  'rating factor KCR',
  'rating factor KCH',
  'rating factor KT',
  'rating factor KD',
];
const RATING_OVER = [4096, 1, 4096, 4096, 4096, 4096, 4096];

/** First extension, behind FB (EN 13757-3, "Alternate extended VIF-code table"). */
const createFirstExtension = (): Table => {
  const table: Table = new Map();
  block(table, 0x00, 2, (n) => measure('energy', 'kW.h', { exponent: n + 2 }));
  block(table, 0x02, 2, (n) => measure('reactive energy', 'kV.A.h{reactive}', { exponent: n }));
  block(table, 0x04, 2, (n) => measure('apparent energy', 'kV.A.h', { exponent: n }));
  block(table, 0x08, 2, (n) => measure('energy', 'kW.h', { ...GJ_IN_KWH, exponent: n - 1 }));
  block(table, 0x0c, 4, (n) => measure('energy', 'kW.h', { exponent: n + 2, over: KCAL_IN_KWH_OVER }));
  block(table, 0x10, 2, (n) => measure('volume', 'm3', { exponent: n + 2 }));
  block(table, 0x14, 4, (n) => measure('reactive power', 'V.A{reactive}', { exponent: n }));
  block(table, 0x18, 2, (n) => measure('mass', 'kg', { exponent: n + 5 }));
  block(table, 0x1a, 2, (n) => measure('relative humidity', '%', { exponent: n - 1 }));
  table.set(0x20, measure('volume', 'm3', { times: CUBIC_FOOT_M3 }));
  table.set(0x21, measure('volume', 'm3', { times: CUBIC_FOOT_M3, exponent: -1 }));
  table.set(0x22, measure('volume', 'm3', { times: US_GALLON_M3, exponent: -1 }));
  table.set(0x23, measure('volume', 'm3', { times: US_GALLON_M3 }));
  table.set(0x24, measure('volume flow', 'm3/h', { times: 60 * US_GALLON_M3, exponent: -3 }));
  table.set(0x25, measure('volume flow', 'm3/h', { times: 60 * US_GALLON_M3 }));
  table.set(0x26, measure('volume flow', 'm3/h', { times: US_GALLON_M3 }));
  block(table, 0x28, 2, (n) => measure('power', 'W', { exponent: n + 5 }));
  table.set(0x2a, measure('phase angle of voltages', 'deg', { exponent: -1 }));
  table.set(0x2b, measure('phase angle of voltage and current', 'deg', { exponent: -1 }));
  block(table, 0x2c, 4, (n) => measure('frequency', 'Hz', { exponent: n - 3 }));
  block(table, 0x30, 2, (n) => measure('power', 'W', { ...GJ_PER_HOUR_IN_WATT, exponent: n - 1 }));
  block(table, 0x34, 4, (n) => measure('apparent power', 'V.A', { exponent: n }));
  block(table, 0x58, 4, (n) => measure('flow temperature in Fahrenheit', '[degF]', { exponent: n - 3 }));
  block(table, 0x5c, 4, (n) => measure('return temperature in Fahrenheit', '[degF]', { exponent: n - 3 }));
  block(table, 0x60, 4, (n) =>
    measure('temperature difference', 'K', { exponent: n - 3, times: 5, over: 9 }),
  );
  block(table, 0x64, 4, (n) => measure('external temperature in Fahrenheit', '[degF]', { exponent: n - 3 }));
  RATING_FACTORS.forEach((name, n) => table.set(0x68 + n, measure(name, '1', { over: RATING_OVER[n] ?? 1 })));
  block(table, 0x70, 4, (n) => measure('temperature limit in Fahrenheit', '[degF]', { exponent: n - 3 }));
  block(table, 0x74, 4, (n) => measure('temperature limit', 'Cel', { exponent: n - 3 }));
  block(table, 0x78, 8, (n) => measure('cumulated maximum power', 'W', { exponent: n - 3 }));
  return table;
};

/** Names of codes that stand for an identity, a code or bits, from FD 08 on. */
const NAMED: readonly (readonly [number, Meaning])[] = [
  [0x08, whole('transmission count')],
  [0x09, whole('device type')],
  [0x0a, text('manufacturer code', 'manufacturer')],
  [0x0b, text('parameter set')],
  [0x0c, text('model version')],
  [0x0d, text('hardware version')],
  [0x0e, text('firmware version')],
  [0x0f, text('software version')],
  [0x10, text('customer location')],
  [0x11, text('customer')],
  [0x12, text('access code user')],
  [0x13, text('access code operator')],
  [0x14, text('access code system operator')],
  [0x15, text('access code developer')],
  [0x16, text('password')],
  [0x17, whole('error flags')],
  [0x18, whole('error mask')],
  [0x19, text('security key', 'opaque')],
  [0x1a, whole('digital output')],
  [0x1b, whole('digital input')],
  [0x1c, whole('baud rate', 'bits', 'Bd')],
  [0x1d, whole('response delay')],
  [0x1e, whole('retry')],
  [0x1f, whole('remote control')],
  [0x20, whole('first cyclic storage')],
  [0x21, whole('last cyclic storage')],
  [0x22, whole('storage block size')],
  [0x23, whole('tariff and subunit descriptor')],
  [0x28, measure('storage interval in months', MONTH)],
  [0x29, measure('storage interval in years', YEAR)],
  [0x2a, text('operator data')],
  [0x2b, whole('time point second')],
  [0x30, text('tariff start', 'point-in-time')],
  [0x38, measure('tariff period in months', MONTH)],
  [0x39, measure('tariff period in years', YEAR)],
  [0x3a, measure('dimensionless', '1')],
  [0x3b, text('wireless container', 'opaque')],
  [0x60, whole('reset counter')],
  [0x61, whole('cumulation counter')],
  [0x62, whole('control signal')],
  [0x63, whole('day of week')],
  [0x64, whole('week number')],
  [0x65, whole('day change')],
  [0x66, whole('parameter activation state')],
  [0x67, text('supplier information')],
  [0x70, text('battery change', 'point-in-time')],
  [0x71, measure('reception level', 'dB[mW]')],
  [0x72, text('daylight saving', 'opaque')],
  [0x73, text('listening window', 'opaque')],
  [0x74, measure('remaining battery life', 's', { times: 86_400 })],
  [0x75, whole('stops of the meter')],
  [0x76, text('manufacturer container', 'opaque')],
];

/** Hours, days, months, years: the units of the two lowest bits of a few codes. */
const longDuration = (name: string, pp: number): Meaning => {
  if (pp < 2) return measure(name, 's', { times: pp === 0 ? 3600 : 86_400 });
  return pp === 2 ? measure(`${name} in months`, MONTH) : measure(`${name} in years`, YEAR);
};

/** Second extension, behind FD (EN 13757-3, "Main VIFE-code extension table"). */
const createSecondExtension = (): Table => {
  const table: Table = new Map(NAMED);
  block(table, 0x00, 4, (n) => measure('credit', '1', { exponent: n - 3 }));
  block(table, 0x04, 4, (n) => measure('debit', '1', { exponent: n - 3 }));
  block(table, 0x24, 4, (n) => duration('storage interval', n));
  block(table, 0x2c, 4, (n) => duration('duration since readout', n));
  for (const n of [1, 2, 3]) table.set(0x30 + n, duration('tariff duration', n));
  block(table, 0x34, 4, (n) => duration('tariff period', n));
  block(table, 0x3c, 4, (n) => duration('transmission period', n));
  block(table, 0x40, 16, (n) => measure('voltage', 'V', { exponent: n - 9 }));
  block(table, 0x50, 16, (n) => measure('current', 'A', { exponent: n - 12 }));
  block(table, 0x68, 4, (n) => longDuration('duration since cumulation', n));
  block(table, 0x6c, 4, (n) => longDuration('battery operating time', n));
  return table;
};

/** Behind FD FD (EN 13757-3, second level of that table). */
const createSecondLevel = (): Table =>
  new Map([
    [0x00, whole('selected application')],
    [0x02, measure('remaining battery life in months', MONTH)],
    [0x03, measure('remaining battery life in years', YEAR)],
  ]);

export const FIRST_EXTENSION: ReadonlyMap<number, Meaning> = createFirstExtension();
export const SECOND_EXTENSION: ReadonlyMap<number, Meaning> = createSecondExtension();
export const SECOND_LEVEL: ReadonlyMap<number, Meaning> = createSecondLevel();
