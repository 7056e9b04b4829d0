import { interpretRegisters } from '../../drivers/modbus/doctor/interpretations.js';
import { isRegisterPoint, type RegisterPoint } from '../../drivers/profile.js';
import type { Configuration } from '../twin/configuration.js';
import { renderReadings } from './decode-table.js';
import type { ReadRow } from './read.js';

const pointOf = (configuration: Pick<Configuration, 'devices'>, row: ReadRow): RegisterPoint | undefined => {
  const device = configuration.devices.find(({ key }) => key === row.device);
  const map = device?.points.find((point) => point.map.key === row.point)?.map;
  return map !== undefined && isRegisterPoint(map) ? map : undefined;
};

const block = (row: ReadRow, point: RegisterPoint | undefined): string => {
  const { table, address, type, order } = point?.register ?? {};
  const where = point === undefined ? '' : ` (${table} ${address}, read as ${type} ${order})`;
  const heading = `${row.device}/${row.point} at ${row.place}${where}`;
  const bytes = Uint8Array.from(Buffer.from(row.raw.replaceAll(' ', ''), 'hex'));
  if (bytes.length < 2) return `${heading}: ${row.fault ?? 'a single bit'}`;
  const value = `${row.value ?? '–'} ${row.unit}`.trimEnd();
  const readings = interpretRegisters(bytes, [bytes.length / 2]);
  return `${heading}: ${value}\n${renderReadings(bytes, readings, point?.range === undefined ? [] : [point])}`;
};

/** The registers of each row in every type and order side by side; what falls into the point's range is marked. */
export const renderAllOrders =
  (configuration: Pick<Configuration, 'devices'>) =>
  (rows: readonly ReadRow[]): string =>
    rows.map((row) => block(row, pointOf(configuration, row))).join('\n\n');
