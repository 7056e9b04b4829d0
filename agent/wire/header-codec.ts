import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { decodeCbor, encodeCbor, type CborValue } from './cbor.js';
import { WireError } from './errors.js';
import type { BatchStatement, BatchSummary } from './header.js';
import { MAX_COLUMNS, MAX_COUNT, MAX_INFLATED_BYTES, MAX_PACKED } from './limits.js';
import { check, Epoch, Hash, Time, Whole } from './schemas.js';
import { CONTENTS, LANES } from './terms.js';
import { isSourceId } from './topics.js';

/** Integer keys of the two maps. The numbers are the wire's: append only, and no number in both. */
const STATEMENT_KEYS = {
  source: 1,
  epoch: 2,
  seq: 3,
  lane: 4,
  content: 5,
  certificate: 6,
  directory: 7,
  bodyHash: 16,
  root: 17,
} as const satisfies Record<keyof BatchStatement, number>;

const SUMMARY_KEYS = {
  count: 8,
  heldBack: 9,
  columns: 10,
  firstOrdinal: 11,
  lastOrdinal: 12,
  firstTime: 13,
  lastTime: 14,
  inflatedBytes: 15,
  recalled: 18,
} as const satisfies Record<keyof BatchSummary, number>;

const Ordinal = Type.Integer({ minimum: 0, maximum: MAX_PACKED });
const StatementSchema = Type.Object({
  source: Type.Refine(
    Type.String(),
    (text) => isSourceId(text),
    () => 'must be 16 to 32 of a-z and 0-9',
  ),
  epoch: Epoch,
  seq: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
  lane: Type.Union([Type.Literal('live'), Type.Literal('backfill')]),
  content: Type.Union([Type.Literal('readings'), Type.Literal('windows'), Type.Literal('losses')]),
  certificate: Hash,
  directory: Hash,
  bodyHash: Hash,
  root: Hash,
});
const SummarySchema = Type.Object({
  count: Type.Integer({ minimum: 1, maximum: MAX_COUNT }),
  heldBack: Whole,
  recalled: Type.Optional(Type.Literal(true)),
  columns: Type.Integer({ minimum: 1, maximum: MAX_COLUMNS }),
  firstOrdinal: Ordinal,
  lastOrdinal: Ordinal,
  firstTime: Time,
  lastTime: Time,
  inflatedBytes: Type.Integer({ minimum: 1, maximum: MAX_INFLATED_BYTES }),
});
const statements = Compile(StatementSchema);
const summaries = Compile(SummarySchema);

const requireOrder = (summary: BatchSummary, code: 'malformed' | 'unencodable'): BatchSummary => {
  if (summary.firstOrdinal > summary.lastOrdinal || summary.firstTime > summary.lastTime) {
    throw new WireError(code, 'header: a range ends before it begins');
  }
  return summary;
};

/** Encodes a statement as the payload of its COSE_Sign1. Throws `WireError` 'unencodable' naming the key. */
export const encodeStatement = (statement: BatchStatement): Uint8Array => {
  check(statements, statement, 'header', 'unencodable');
  return encodeCbor(
    new Map<number, unknown>([
      [STATEMENT_KEYS.source, statement.source],
      [STATEMENT_KEYS.epoch, Buffer.from(statement.epoch, 'hex')],
      [STATEMENT_KEYS.seq, statement.seq],
      [STATEMENT_KEYS.lane, LANES.indexOf(statement.lane)],
      [STATEMENT_KEYS.content, CONTENTS.indexOf(statement.content)],
      [STATEMENT_KEYS.certificate, statement.certificate],
      [STATEMENT_KEYS.directory, statement.directory],
      [STATEMENT_KEYS.bodyHash, statement.bodyHash],
      [STATEMENT_KEYS.root, statement.root],
    ]),
  );
};

/** Encodes a summary. Throws `WireError` 'unencodable' naming the key. */
export const encodeSummary = (summary: BatchSummary): Uint8Array => {
  requireOrder(check(summaries, summary, 'header', 'unencodable'), 'unencodable');
  return encodeCbor(
    new Map<number, unknown>([
      [SUMMARY_KEYS.count, summary.count],
      [SUMMARY_KEYS.heldBack, summary.heldBack],
      [SUMMARY_KEYS.columns, summary.columns],
      [SUMMARY_KEYS.firstOrdinal, summary.firstOrdinal],
      [SUMMARY_KEYS.lastOrdinal, summary.lastOrdinal],
      [SUMMARY_KEYS.firstTime, summary.firstTime],
      [SUMMARY_KEYS.lastTime, summary.lastTime],
      [SUMMARY_KEYS.inflatedBytes, summary.inflatedBytes],
      ...(summary.recalled === true ? [[SUMMARY_KEYS.recalled, true] as const] : []),
    ]),
  );
};

const word = (words: readonly string[], index: CborValue | undefined, key: string): string => {
  const found = typeof index === 'number' ? words[index] : undefined;
  if (found === undefined) throw new WireError('unknown-content', `header/${key} is unknown to this version`);
  return found;
};

// A copy: a view would keep the whole message in memory with whoever keeps a hash.
const copy = (value: CborValue | undefined): CborValue | undefined =>
  value instanceof Uint8Array ? Uint8Array.from(value) : value;

/** The fields of a map with integer keys, by name; keys that this version does not know are ignored. */
const namedFields = (
  bytes: Uint8Array,
  keys: Readonly<Record<string, number>>,
  what: string,
): Record<string, CborValue> => {
  const map = decodeCbor(bytes);
  if (!(map instanceof Map)) throw new WireError('malformed', `${what} is not a map with integer keys`);
  const fields = new Map<unknown, CborValue>(map);
  const named: Record<string, CborValue> = {};
  for (const [key, number] of Object.entries(keys)) {
    const value = copy(fields.get(number));
    if (value !== undefined) named[key] = value;
  }
  return named;
};

/** Decodes and validates a statement. Throws `WireError`. */
export const decodeStatement = (bytes: Uint8Array): BatchStatement => {
  const { epoch, lane, content, ...named } = namedFields(bytes, STATEMENT_KEYS, 'header');
  const statement = {
    ...named,
    epoch: epoch instanceof Uint8Array ? Buffer.from(epoch).toString('hex') : epoch,
    lane: word(LANES, lane, 'lane'),
    content: word(CONTENTS, content, 'content'),
  };
  return check(statements, statement, 'header', 'malformed');
};

/** Decodes and validates a summary. Throws `WireError`. */
export const decodeSummary = (bytes: Uint8Array): BatchSummary =>
  requireOrder(
    check(summaries, namedFields(bytes, SUMMARY_KEYS, 'summary'), 'summary', 'malformed'),
    'malformed',
  );
