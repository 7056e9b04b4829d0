import { TelegramError } from '../telegram/telegram-error.js';
import { crc16 } from './crc.js';
import { isAddress, type SensorValue } from './responses.js';

/** Binary packets of `aDB0!` to `aDB999!` (SDI-12 1.4, 5.2): address, size (2), type (1), payload, CRC (2), low first. */

const HEADER_BYTES = 4;
const CRC_BYTES = 2;
/** 5.2: the most that a packet may carry. */
const MOST_PAYLOAD_BYTES = 1000;

interface BinaryType {
  readonly bytes: number;
  readonly read: (view: DataView, at: number) => number | bigint;
  readonly write: (view: DataView, at: number, value: number) => void;
}

/** By the code of table 15; 0 says that the request was not valid. */
const TYPES: ReadonlyMap<number, BinaryType> = new Map<number, BinaryType>([
  [1, { bytes: 1, read: (v, at) => v.getInt8(at), write: (v, at, x) => v.setInt8(at, x) }],
  [2, { bytes: 1, read: (v, at) => v.getUint8(at), write: (v, at, x) => v.setUint8(at, x) }],
  [3, { bytes: 2, read: (v, at) => v.getInt16(at, true), write: (v, at, x) => v.setInt16(at, x, true) }],
  [4, { bytes: 2, read: (v, at) => v.getUint16(at, true), write: (v, at, x) => v.setUint16(at, x, true) }],
  [5, { bytes: 4, read: (v, at) => v.getInt32(at, true), write: (v, at, x) => v.setInt32(at, x, true) }],
  [6, { bytes: 4, read: (v, at) => v.getUint32(at, true), write: (v, at, x) => v.setUint32(at, x, true) }],
  [
    7,
    {
      bytes: 8,
      read: (v, at) => v.getBigInt64(at, true),
      write: (v, at, x) => v.setBigInt64(at, BigInt(Math.round(x)), true),
    },
  ],
  [
    8,
    {
      bytes: 8,
      read: (v, at) => v.getBigUint64(at, true),
      write: (v, at, x) => v.setBigUint64(at, BigInt(Math.round(x)), true),
    },
  ],
  [9, { bytes: 4, read: (v, at) => v.getFloat32(at, true), write: (v, at, x) => v.setFloat32(at, x, true) }],
  [10, { bytes: 8, read: (v, at) => v.getFloat64(at, true), write: (v, at, x) => v.setFloat64(at, x, true) }],
]);

export interface BinaryPacket {
  readonly address: string;
  /** Empty: the sensor has no more. */
  readonly values: readonly SensorValue[];
}

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Bytes of the packet that begins here, once enough has come to tell; throws where it can be none. */
export const packetLength = (bytes: Uint8Array): number | undefined => {
  if (bytes.length < HEADER_BYTES) return undefined;
  const payload = viewOf(bytes).getUint16(1, true);
  if (payload > MOST_PAYLOAD_BYTES)
    throw new TelegramError('frame', `a packet of ${payload} bytes: SDI-12 allows ${MOST_PAYLOAD_BYTES}`);
  return HEADER_BYTES + payload + CRC_BYTES;
};

/** Reads one whole packet. Throws a `TelegramError` that says what is wrong with it. */
export const decodePacket = (bytes: Uint8Array): BinaryPacket => {
  const length = packetLength(bytes);
  if (length === undefined || bytes.length !== length)
    throw new TelegramError(
      'frame',
      `a packet of ${bytes.length} bytes, ${length ?? 'at least 6'} announced`,
    );
  const view = viewOf(bytes);
  const body = bytes.subarray(0, length - CRC_BYTES);
  const [wanted, found] = [crc16(body), view.getUint16(length - CRC_BYTES, true)];
  if (wanted !== found)
    throw new TelegramError(
      'checksum',
      `the CRC of the packet is ${found.toString(16)}, not ${wanted.toString(16)}`,
    );
  const address = String.fromCharCode(bytes[0] ?? 0);
  if (!isAddress(address))
    throw new TelegramError('frame', `the packet begins with ${bytes[0]}, which is no address`);
  const payload = body.subarray(HEADER_BYTES);
  if (payload.length === 0) return { address, values: [] };
  const code = bytes[3] ?? 0;
  const type = TYPES.get(code);
  if (type === undefined)
    throw new TelegramError('decode', `values of type ${code}: SDI-12 has types 1 to 10`);
  if (payload.length % type.bytes !== 0)
    throw new TelegramError(
      'frame',
      `${payload.length} bytes are no whole number of values of ${type.bytes}`,
    );
  const values = Array.from({ length: payload.length / type.bytes }, (_, index) => {
    const at = HEADER_BYTES + index * type.bytes;
    return { value: type.read(view, at), raw: bytes.subarray(at, at + type.bytes) };
  });
  return { address, values };
};

/** Makes a packet of values of one type. Throws a `RangeError` where there is no such type. */
export const encodePacket = (address: string, code: number, values: readonly number[]): Uint8Array => {
  const type = TYPES.get(code);
  if (type === undefined) throw new RangeError(`SDI-12 has no values of type ${code}`);
  const payload = values.length * type.bytes;
  const bytes = new Uint8Array(HEADER_BYTES + payload + CRC_BYTES);
  const view = viewOf(bytes);
  bytes[0] = address.charCodeAt(0);
  view.setUint16(1, payload, true);
  bytes[3] = payload === 0 ? 0 : code;
  values.forEach((value, index) => type.write(view, HEADER_BYTES + index * type.bytes, value));
  view.setUint16(HEADER_BYTES + payload, crc16(bytes.subarray(0, HEADER_BYTES + payload)), true);
  return bytes;
};
