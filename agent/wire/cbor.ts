import { Encoder } from 'cbor-x';
import { scanCbor } from './cbor-scan.js';
import { WireError } from './errors.js';

/** What decoding gives: maps with integer keys stay `Map`s, others become objects without a prototype. */
export type CborValue =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | readonly CborValue[]
  | CborObject
  | ReadonlyMap<number, CborValue>;
export interface CborObject {
  readonly [key: string]: CborValue;
}

const codec = new Encoder({
  useRecords: false,
  mapsAsObjects: false,
  tagUint8Array: false,
  variableMapSize: true,
});

const numberForm = (value: number): number | bigint => {
  if (!Number.isFinite(value)) throw new WireError('unencodable', `${value} has no place on the wire`);
  // cbor-x writes integers beyond 32 bits as floats unless they are bigints.
  return Number.isSafeInteger(value) && Math.abs(value) >= 2 ** 32 ? BigInt(value) : value;
};

const mapForm = (entries: Iterable<readonly [unknown, unknown]>): Map<unknown, unknown> => {
  const kept = [...entries]
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ({ order: codec.encode(key), key, value: form(value) }));
  kept.sort((a, b) => a.order.compare(b.order));
  return new Map(kept.map(({ key, value }) => [key, value]));
};

/** The value as cbor-x must see it to write one encoding only (RFC 8949 section 4.2.1: sorted keys). */
const form = (value: unknown): unknown => {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number') return numberForm(value);
  if (value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(form);
  if (value instanceof Map) return mapForm(value);
  if (typeof value === 'object') return mapForm(Object.entries(value));
  throw new WireError('unencodable', `a ${typeof value} has no place on the wire`);
};

/**
 * Encodes plain data deterministically: the same value gives the same bytes, whatever the order of its keys.
 * Keys whose value is `undefined` are left out; fractions are 64-bit floats. Throws `WireError` 'unencodable'.
 */
export const encodeCbor = (value: unknown): Uint8Array => {
  const bytes = codec.encode(form(value));
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
};

const objectOf = (map: ReadonlyMap<unknown, unknown>): CborObject => {
  const object: Record<string, CborValue> = Object.create(null);
  for (const [key, value] of map) object[String(key)] = plain(value);
  return object;
};

const mapOf = (map: ReadonlyMap<unknown, unknown>): CborObject | ReadonlyMap<number, CborValue> => {
  const numbered = new Map<number, CborValue>();
  for (const [key, value] of map) {
    if (typeof key === 'string') break;
    numbered.set(Number(key), plain(value));
  }
  if (numbered.size === map.size && map.size > 0) return numbered;
  if (numbered.size > 0 || [...map.keys()].some((key) => typeof key !== 'string')) {
    throw new WireError('malformed', 'a CBOR map mixes integer and text keys');
  }
  return objectOf(map);
};

const plain = (value: unknown): CborValue => {
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'number' || typeof value === 'string') return value;
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Uint8Array) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return mapOf(value);
  throw new WireError('malformed', `CBOR holds a ${typeof value}`);
};

/**
 * Decodes exactly one item; byte strings are views of `bytes`. An empty map is an object. Throws `WireError`
 * 'malformed' or 'too-large', and nothing else, whatever the bytes.
 */
export const decodeCbor = (bytes: Uint8Array): CborValue => {
  scanCbor(bytes);
  const decoded: unknown = codec.decode(bytes);
  return plain(decoded);
};
