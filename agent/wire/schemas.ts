import { Type } from 'typebox';
import { WireError } from './errors.js';
import { MAX_TEXT_LENGTH } from './limits.js';

/** Two types have the same keys: an optional key forgotten in a schema is a type error, not silence. */
export type SameKeys<A, B> = [keyof A] extends [keyof B]
  ? [keyof B] extends [keyof A]
    ? true
    : false
  : false;

export const Text = Type.String({ maxLength: MAX_TEXT_LENGTH });
export const Whole = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
export const Time = Type.Integer({ minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER });
export const Epoch = Type.String({ pattern: '^[0-9a-f]{16}$' });

export const Bytes = Type.Refine(
  Type.Unsafe<Uint8Array>({}),
  (value) => value instanceof Uint8Array,
  () => 'must be a byte string',
);

/** A SHA-256. */
export const Hash = Type.Refine(
  Type.Unsafe<Uint8Array>({}),
  (value) => value instanceof Uint8Array && value.length === 32,
  () => 'must be a byte string of 32 bytes',
);

export const SeqRangeSchema = Type.Refine(
  Type.Tuple([Whole, Whole]),
  ([first, last]) => first <= last,
  () => 'must ascend',
);

/** What is used of a compiled schema. */
interface Checker<Parsed> {
  Check(value: unknown): value is Parsed;
  Errors(value: unknown): readonly { readonly instancePath: string; readonly message: string }[];
}

/** Gives `value` as its schema's type, or throws a `WireError` of `code` that names the key. */
export const check = <Parsed>(
  validator: Checker<Parsed>,
  value: unknown,
  what: string,
  code: 'malformed' | 'unencodable',
): Parsed => {
  if (validator.Check(value)) return value;
  const [error] = validator.Errors(value);
  const key = error === undefined || error.instancePath === '' ? what : `${what}${error.instancePath}`;
  throw new WireError(code, `${key} ${error?.message ?? 'is not valid'}`);
};
