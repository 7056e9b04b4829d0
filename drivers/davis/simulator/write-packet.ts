import { isFieldPoint, type Profile } from '../../profile.js';
import type { PointValues } from '../../simulator/point-values.js';
import { crcCcitt } from '../../telegram/crc-ccitt.js';
import { LOOP2_FIELDS, LOOP_FIELDS, type DavisField } from '../davis-fields.js';
import { PACKET_BYTES } from '../decode-packet.js';
import { clickOf } from '../section.js';

const put = (packet: DataView, { at, bytes }: DavisField, raw: number): void => {
  if (bytes === 1) packet.setUint8(at, raw & 0xff);
  else packet.setUint16(at, raw & 0xffff, true);
};

/** The raw value nearest to a value, kept clear of those that mean none. */
const rawOf = (field: DavisField, value: number, click: number): number => {
  const factor = field.clicks === true ? click : field.factor;
  const raw = Math.round(value / factor - (field.before ?? 0));
  const top =
    field.bytes === 1 ? (field.signed === true ? 127 : 254) : field.signed === true ? 32_766 : 65_534;
  const lowest = field.signed === true ? -top : (field.dash?.includes(0) ?? false) ? 1 : 0;
  // Totals of clicks begin again, as the console's do at midnight, on the first of the month and of the year.
  const held = field.clicks === true ? raw % top : Math.min(raw, top);
  return Math.max(lowest, held);
};

/** A packet of which each field that the profile has no point for is dashed. */
export const writePacket = (
  kind: 'LOOP' | 'LOOP2',
  { points, section }: Pick<Profile, 'points' | 'section'>,
  values: PointValues,
  timeMs: number,
): Uint8Array => {
  const bytes = new Uint8Array(PACKET_BYTES);
  const packet = new DataView(bytes.buffer);
  bytes.set(Buffer.from('LOO'));
  const fields = kind === 'LOOP' ? LOOP_FIELDS : LOOP2_FIELDS;
  for (const [name, field] of Object.entries(fields)) {
    const point = points.filter(isFieldPoint).find((each) => each.field === name);
    const value = point === undefined ? Number.NaN : Number(values(point, timeMs));
    const stored = point === undefined ? Number.NaN : (value - point.offset) / point.scale;
    if (name === 'barometer_trend') put(packet, field, 0);
    else
      put(
        packet,
        field,
        Number.isNaN(stored) ? (field.dash?.[0] ?? 0) : rawOf(field, stored, clickOf(section) ?? 0.2),
      );
  }
  bytes[4] = kind === 'LOOP' ? 0 : 1;
  bytes.set([0x0a, 0x0d], 95);
  const crc = crcCcitt(bytes.subarray(0, -2));
  bytes.set([crc >> 8, crc & 0xff], 97);
  return bytes;
};
