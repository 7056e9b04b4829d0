import { crcCcitt } from '../telegram/crc-ccitt.js';
import { TelegramError } from '../telegram/telegram-error.js';
import type { Field, Telegram } from '../telegram/telegram.js';
import { LOOP2_FIELDS, LOOP_FIELDS, type DavisField } from './davis-fields.js';
import { clickOf } from './section.js';

export const PACKET_BYTES = 99;
const HEAD = 'LOO';
const KIND_AT = 4;
const LINE_END_AT = 95;
/** Bar trend of the first consoles, whose packets have no kind. */
const REVISION_A = 80;
const TRENDS = [-60, -20, 0, 20, 60];

const rawOf = (packet: DataView, { at, bytes, signed = false }: DavisField): number => {
  if (bytes === 1) return signed ? packet.getInt8(at) : packet.getUint8(at);
  return signed ? packet.getInt16(at, true) : packet.getUint16(at, true);
};

const fieldOf = (name: string, field: DavisField, packet: DataView, click: number | undefined): Field => {
  const raw = new Uint8Array(packet.buffer, packet.byteOffset + field.at, field.bytes).slice();
  const value = rawOf(packet, field);
  const none = (code: 'sentinel' | 'decode', detail: string): Field => ({
    value: null,
    raw,
    fault: { code, detail },
  });
  if (field.dash?.includes(value) === true)
    return none('sentinel', `${value} stands for a value that the console has not got`);
  if (name === 'barometer_trend' && !TRENDS.includes(value))
    return none('sentinel', `${value} is no trend: less than 3 hours of pressure are known`);
  if (field.clicks === true && click === undefined)
    return none('decode', 'the size of the rain collector is not said: davis: { collector: 0.2 mm }');
  const factor = field.clicks === true ? (click ?? 1) : field.factor;
  return { value: Number(((value + (field.before ?? 0)) * factor).toFixed(field.digits)), raw };
};

const isHead = (raw: Uint8Array): boolean => Buffer.from(raw.subarray(0, 3)).toString('latin1') === HEAD;

/**
 * Reads one LOOP or LOOP2 packet (Vantage Pro, Pro2 and Vue Serial Communication Reference Manual 2.6.1).
 * Rain is in mm by the collector of the section. Throws a `TelegramError`.
 */
export const decodePacket = (raw: Uint8Array, section: unknown): Telegram => {
  if (raw.length !== PACKET_BYTES)
    throw new TelegramError('frame', `a packet has ${PACKET_BYTES} bytes, not ${raw.length}`);
  if (!isHead(raw)) throw new TelegramError('frame', 'a packet begins with LOO');
  if (crcCcitt(raw) !== 0) throw new TelegramError('checksum', 'the CRC of the packet is wrong');
  if (raw[LINE_END_AT] !== 0x0a || raw[LINE_END_AT + 1] !== 0x0d)
    throw new TelegramError('frame', 'bytes 95 and 96 of a packet are LF and CR');
  const kind = raw[3] === REVISION_A ? 0 : raw[KIND_AT];
  if (kind !== 0 && kind !== 1) throw new TelegramError('decode', `packets of kind ${kind} are not known`);
  const packet = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const click = clickOf(section);
  const fields = Object.entries(kind === 0 ? LOOP_FIELDS : LOOP2_FIELDS).map(
    ([name, field]): [string, Field] => [name, fieldOf(name, field, packet, click)],
  );
  return { address: '', fields: new Map(fields) };
};
