import { lrc } from '../ascii-framing.js';
import { crc16 } from '../crc16.js';
import { exceptionName } from '../exceptions.js';

/** A whole frame, taken apart. */
export interface InspectedFrame {
  readonly framing: 'rtu' | 'tcp' | 'ascii';
  readonly unit: number;
  /** Without the mark of an exception. */
  readonly function: number;
  readonly functionName: string;
  readonly kind: 'request' | 'reply' | 'exception' | 'unknown';
  /** Absent on TCP, which has none. */
  readonly checksum?: { readonly holds: boolean; readonly found: number; readonly expected: number };
  /** Of Modbus TCP. */
  readonly transaction?: number;
  /** What is asked, or went wrong, in words. */
  readonly detail: string;
  /** Registers of a reply. */
  readonly registers?: Uint8Array;
  /** Bits of a reply, packed. */
  readonly bits?: Uint8Array;
}

/** Function codes (Modbus Application Protocol 1.1b3, section 5.1). */
const FUNCTION_NAMES: Readonly<Record<number, string>> = {
  1: 'read coils',
  2: 'read discrete inputs',
  3: 'read holding registers',
  4: 'read input registers',
  5: 'write single coil',
  6: 'write single register',
  7: 'read exception status',
  8: 'diagnostics',
  11: 'get comm event counter',
  12: 'get comm event log',
  15: 'write multiple coils',
  16: 'write multiple registers',
  17: 'report server id',
  20: 'read file record',
  21: 'write file record',
  22: 'mask write register',
  23: 'read/write multiple registers',
  24: 'read FIFO queue',
  43: 'encapsulated interface (14: read device identification)',
};

const EXCEPTION = 0x80;

const word = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);

type Meaning = Pick<InspectedFrame, 'kind' | 'detail' | 'registers' | 'bits'>;

const readMeaning = (code: number, data: Uint8Array): Meaning => {
  const asked = code <= 2 ? 'bits' : 'registers';
  const byteCount = data[0] ?? 0;
  if (data.length === 4 && !(code > 2 && byteCount === 3))
    return { kind: 'request', detail: `${word(data, 2)} ${asked} from address ${word(data, 0)}` };
  if (data.length !== byteCount + 1)
    return { kind: 'unknown', detail: `${data.length} bytes of data are neither a request nor a reply` };
  const content = data.slice(1);
  return code <= 2
    ? { kind: 'reply', detail: `${byteCount} bytes of bits`, bits: content }
    : { kind: 'reply', detail: `${byteCount / 2} registers`, registers: content };
};

const writeMeaning = (code: number, data: Uint8Array): Meaning => {
  const address = `address ${word(data, 0)}`;
  if (data.length === 4 && code <= 6)
    return { kind: 'unknown', detail: `${word(data, 2)} to ${address}; request and reply look the same` };
  if (data.length === 4) return { kind: 'reply', detail: `${word(data, 2)} written from ${address}` };
  return data.length === 5 + (data[4] ?? 0)
    ? { kind: 'request', detail: `${word(data, 2)} to write from ${address}` }
    : { kind: 'unknown', detail: `${data.length} bytes of data are neither a request nor a reply` };
};

const meaningOf = (code: number, data: Uint8Array): Meaning => {
  if ((code & EXCEPTION) !== 0) return { kind: 'exception', detail: exceptionName(data[0] ?? 0) };
  if (code >= 1 && code <= 4) return readMeaning(code, data);
  if (code === 5 || code === 6 || code === 15 || code === 16) return writeMeaning(code, data);
  return { kind: 'unknown', detail: `${data.length} bytes of data` };
};

const bodyOf = (body: Uint8Array): Omit<InspectedFrame, 'framing'> => {
  const code = body[1] ?? 0;
  const plain = code & ~EXCEPTION;
  return {
    unit: body[0] ?? 0,
    function: plain,
    functionName: FUNCTION_NAMES[plain] ?? 'unknown function',
    ...meaningOf(code, body.subarray(2)),
  };
};

const inspectAscii = (bytes: Uint8Array): InspectedFrame | undefined => {
  const text = new TextDecoder('latin1').decode(bytes);
  const hex = /^:((?:[0-9A-Fa-f]{2}){3,})\r?\n?$/.exec(text)?.[1];
  if (hex === undefined) return undefined;
  const content = Uint8Array.from(Buffer.from(hex, 'hex'));
  const body = content.subarray(0, -1);
  const found = content.at(-1) ?? 0;
  const expected = lrc(body);
  return { framing: 'ascii', ...bodyOf(body), checksum: { holds: found === expected, found, expected } };
};

const inspectTcp = (bytes: Uint8Array): InspectedFrame | undefined => {
  if (bytes.length < 8 || word(bytes, 2) !== 0 || word(bytes, 4) !== bytes.length - 6) return undefined;
  return { framing: 'tcp', transaction: word(bytes, 0), ...bodyOf(bytes.subarray(6)) };
};

/** Without a sound CRC, only what has the shape of a known frame is taken for one. */
const hasShape = (frame: Omit<InspectedFrame, 'framing'>, content: Uint8Array): boolean => {
  if (frame.unit > 247 || FUNCTION_NAMES[frame.function] === undefined) return false;
  if (frame.kind === 'exception') return content.length === 3 && (content[2] ?? 0) <= 11;
  return frame.kind === 'reply' || frame.kind === 'request';
};

const inspectRtu = (bytes: Uint8Array): InspectedFrame | undefined => {
  if (bytes.length < 4) return undefined;
  const content = bytes.subarray(0, -2);
  const found = (bytes.at(-2) ?? 0) | ((bytes.at(-1) ?? 0) << 8);
  const expected = crc16(content);
  const frame = bodyOf(content);
  if (found !== expected && !hasShape(frame, content)) return undefined;
  return { framing: 'rtu', ...frame, checksum: { holds: found === expected, found, expected } };
};

/**
 * Takes bytes for a frame of ASCII, TCP or RTU, whichever they are; `undefined` where they are none. A sound CRC
 * makes an RTU frame; with a wrong one the shape must be that of a known function.
 */
export const inspectFrame = (bytes: Uint8Array): InspectedFrame | undefined => {
  const rtu = inspectRtu(bytes);
  if (rtu?.checksum?.holds === true) return rtu;
  return inspectAscii(bytes) ?? inspectTcp(bytes) ?? rtu;
};
