import { ILLEGAL_DATA_ADDRESS, ILLEGAL_DATA_VALUE, ILLEGAL_FUNCTION } from '../exceptions.js';
import { isBitTable } from '../register-layout.js';
import type { RegisterMap } from '../../profile.js';
import { WRITES } from './answer-write.js';
import type { RegisterImage } from './register-image.js';

const TABLES: Readonly<Record<number, RegisterMap['table']>> = {
  1: 'coil',
  2: 'discrete',
  3: 'holding',
  4: 'input',
};
const MAX_BITS = 2000;
const REQUEST_BYTES = 5;

const packBits = (bits: Uint8Array): Uint8Array => {
  const packed = new Uint8Array(Math.ceil(bits.length / 8));
  bits.forEach((bit, index) => (packed[index >>> 3] = (packed[index >>> 3] ?? 0) | (bit << (index & 7))));
  return packed;
};

/** Function 43/14 (section 6.21): the basic objects, whatever the level that is asked for. */
const IDENTIFY = 43;
const MEI = 14;

const identification = (
  { vendor = '', product = '' }: NonNullable<RegisterImage['identification']>,
  level: number,
): Uint8Array => {
  const objects = [vendor, product, '1.0'].flatMap((text, id) => {
    const bytes = Buffer.from(text, 'latin1');
    return [id, bytes.length, ...bytes];
  });
  return Uint8Array.from([IDENTIFY, MEI, level, 1, 0, 0, 3, ...objects]);
};

/** Function 17 (section 6.13): a number of the model, whether it runs, and in what words is its own affair. */
const SERVER_ID = 17;
const RUNS = 0xff;

const serverId = ({
  vendor = '',
  product = '',
}: NonNullable<RegisterImage['identification']>): Uint8Array => {
  const words = Buffer.from(`${vendor} ${product}`.trim(), 'latin1');
  return Uint8Array.of(SERVER_ID, words.length + 2, 1, RUNS, ...words);
};

/**
 * What a unit answers to a request, both without address and checksum (Modbus Application Protocol 1.1b3, sections
 * 6.1 to 6.4, those of `WRITES`, 6.13 and 6.21, and 7 for its exceptions).
 */
export const answerRequest = (
  request: Uint8Array,
  image: RegisterImage,
  maxRegisters: number,
  timeMs: number,
): Uint8Array => {
  const code = request[0] ?? 0;
  const refuse = (exception: number) => Uint8Array.of(code | 0x80, exception);
  if (code === IDENTIFY && image.identification !== undefined)
    return request[1] === MEI
      ? identification(image.identification, request[2] ?? 0)
      : refuse(ILLEGAL_FUNCTION);
  if (code === SERVER_ID && image.identification !== undefined) return serverId(image.identification);
  const write = WRITES.get(code);
  if (write !== undefined) {
    const data = new DataView(request.buffer, request.byteOffset + 1, request.byteLength - 1);
    const written = write(data, image, timeMs);
    return typeof written === 'number' ? refuse(written) : Uint8Array.of(code, ...written);
  }
  const table = TABLES[code];
  if (table === undefined) return refuse(ILLEGAL_FUNCTION);
  if (request.length !== REQUEST_BYTES) return refuse(ILLEGAL_DATA_VALUE);
  const fields = new DataView(request.buffer, request.byteOffset, request.byteLength);
  const count = fields.getUint16(3);
  if (count < 1 || count > (isBitTable(table) ? MAX_BITS : maxRegisters)) return refuse(ILLEGAL_DATA_VALUE);
  const held = image.read(table, fields.getUint16(1), count, timeMs);
  if (held === undefined) return refuse(ILLEGAL_DATA_ADDRESS);
  const data = isBitTable(table) ? packBits(held) : held;
  return Uint8Array.from([code, data.length, ...data]);
};
