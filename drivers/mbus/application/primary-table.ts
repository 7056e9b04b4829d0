import { block, duration, measure, text, whole, type Meaning, type Table } from './meaning.js';

/** Wh in a kWh, J in a kWh: energies are given in kWh. */
const WH_TO_KWH = -3;
const JOULES_IN_KWH = 3_600_000;
const JOULES_PER_HOUR_IN_WATT = 3600;

/** Primary value information (EN 13757-3, table "Primary VIF-codes"); the codes without their extension bit. */
const createPrimaryTable = (): Table => {
  const table: Table = new Map();
  block(table, 0x00, 8, (n) => measure('energy', 'kW.h', { exponent: n - 3 + WH_TO_KWH }));
  block(table, 0x08, 8, (n) => measure('energy', 'kW.h', { exponent: n, over: JOULES_IN_KWH }));
  block(table, 0x10, 8, (n) => measure('volume', 'm3', { exponent: n - 6 }));
  block(table, 0x18, 8, (n) => measure('mass', 'kg', { exponent: n - 3 }));
  block(table, 0x20, 4, (n) => duration('on time', n));
  block(table, 0x24, 4, (n) => duration('operating time', n));
  block(table, 0x28, 8, (n) => measure('power', 'W', { exponent: n - 3 }));
  block(table, 0x30, 8, (n) => measure('power', 'W', { exponent: n, over: JOULES_PER_HOUR_IN_WATT }));
  block(table, 0x38, 8, (n) => measure('volume flow', 'm3/h', { exponent: n - 6 }));
  block(table, 0x40, 8, (n) => measure('volume flow', 'm3/h', { exponent: n - 7, times: 60 }));
  block(table, 0x48, 8, (n) => measure('volume flow', 'm3/h', { exponent: n - 9, times: 3600 }));
  block(table, 0x50, 8, (n) => measure('mass flow', 'kg/h', { exponent: n - 3 }));
  block(table, 0x58, 4, (n) => measure('flow temperature', 'Cel', { exponent: n - 3 }));
  block(table, 0x5c, 4, (n) => measure('return temperature', 'Cel', { exponent: n - 3 }));
  block(table, 0x60, 4, (n) => measure('temperature difference', 'K', { exponent: n - 3 }));
  block(table, 0x64, 4, (n) => measure('external temperature', 'Cel', { exponent: n - 3 }));
  block(table, 0x68, 4, (n) => measure('pressure', 'bar', { exponent: n - 3 }));
  table.set(0x6c, text('date', 'point-in-time'));
  table.set(0x6d, text('date time', 'point-in-time'));
  table.set(0x6e, measure('heat cost', '1'));
  block(table, 0x70, 4, (n) => duration('averaging duration', n));
  block(table, 0x74, 4, (n) => duration('actuality duration', n));
  table.set(0x78, text('fabrication number'));
  table.set(0x79, text('enhanced identification'));
  table.set(0x7a, whole('bus address'));
  return table;
};

export const PRIMARY_TABLE: ReadonlyMap<number, Meaning> = createPrimaryTable();
