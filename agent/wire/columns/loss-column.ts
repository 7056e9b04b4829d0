import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { decodeCbor, encodeCbor } from '../cbor.js';
import { WireError } from '../errors.js';
import { check, Epoch, Text, Time, Whole, type SameKeys } from '../schemas.js';
import type { Loss } from '../windows.js';
import { requireAscending } from './fields.js';

const LossSchema = Type.Object({
  ordinal: Whole,
  cause: Type.Union([
    Type.Literal('space'),
    Type.Literal('damage'),
    Type.Literal('retention'),
    Type.Literal('operator'),
    Type.Literal('memory'),
  ]),
  epoch: Epoch,
  firstSeq: Type.Optional(Whole),
  lastSeq: Type.Optional(Whole),
  count: Whole,
  windows: Type.Optional(Whole),
  heldBack: Type.Optional(Whole),
  exact: Type.Boolean(),
  firstTime: Type.Optional(Time),
  lastTime: Type.Optional(Time),
  points: Type.Array(Whole),
  replacedByMs: Type.Optional(Whole),
  note: Type.Optional(Text),
});
const validator = Compile(Type.Array(LossSchema, { minItems: 1 }));

type Parsed = SameKeys<Static<typeof LossSchema>, Loss> extends true ? readonly Loss[] : never;

const parse = (value: unknown, code: 'malformed' | 'unencodable'): Parsed => {
  const losses = check(validator, value, 'losses', code);
  requireAscending(
    Float64Array.from(losses, (loss) => loss.ordinal),
    code,
  );
  return losses;
};

/** Encodes loss records as one column: a CBOR array of maps. Throws `WireError` 'unencodable'. */
export const encodeLosses = (losses: readonly Loss[]): Uint8Array => encodeCbor(parse(losses, 'unencodable'));

/** Decodes at most `most` loss records. Throws `WireError`. */
export const decodeLosses = (bytes: Uint8Array, most: number): readonly Loss[] => {
  const losses = parse(decodeCbor(bytes), 'malformed');
  if (losses.length > most) throw new WireError('malformed', 'a column holds more than the header counts');
  return losses;
};
