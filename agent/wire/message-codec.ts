import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { decodeCbor, encodeCbor } from './cbor.js';
import { WireError } from './errors.js';
import { MAX_MESSAGE_BYTES } from './limits.js';
import type { Ack, Command, CommandResult, Health, Hello, Resend, Status, Welcome } from './messages.js';
import { Bytes, check, Epoch, Hash, SeqRangeSchema, Text, Time, Whole, type SameKeys } from './schemas.js';

/** The CBOR maps of the contract. Batches and directories have codecs of their own. */
interface Declared {
  readonly hello: Hello;
  readonly welcome: Welcome;
  readonly ack: Ack;
  readonly resend: Resend;
  readonly command: Command;
  readonly result: CommandResult;
  readonly status: Status;
  readonly health: Health;
}
export type MessageKind = keyof Declared;

const Quarantines = Type.Array(
  Type.Object({ seq: Whole, reason: Text, taken: Type.Optional(Type.Boolean()) }),
);
const Ranges = Type.Array(SeqRangeSchema);
const Hashes = Type.Array(Hash);
const Clock = Type.Union([Type.Literal('synced'), Type.Literal('holdover'), Type.Literal('unsynced')]);

const CommandSchema = Type.Object({
  id: Text,
  name: Text,
  expires: Time,
  arguments: Type.Record(Type.String(), Type.Union([Text, Type.Number(), Type.Boolean()])),
});

const schemas = {
  hello: Type.Object({
    epoch: Epoch,
    firstUnacked: Whole,
    lastSealed: Whole,
    lastOrdinal: Whole,
    unsealed: Type.Optional(Whole),
    directory: Bytes,
    configVersion: Text,
    agentVersion: Text,
    clock: Clock,
    time: Time,
    earlier: Type.Optional(Type.Array(Type.Object({ epoch: Epoch, firstUnacked: Whole }))),
  }),
  welcome: Type.Object({
    time: Time,
    resend: Ranges,
    directories: Hashes,
    desired: Type.Optional(Type.Object({ version: Text, document: Bytes })),
    commands: Type.Array(CommandSchema),
    renew: Type.Optional(Text),
  }),
  ack: Type.Object({
    epoch: Type.Optional(Epoch),
    stored: Ranges,
    quarantined: Quarantines,
    directories: Hashes,
    unreadable: Type.Optional(Type.Array(Type.Object({ hash: Hash, reason: Text, kept: Type.Boolean() }))),
    postponed: Type.Optional(Quarantines),
  }),
  resend: Type.Object({ epoch: Epoch, batches: Ranges, directories: Hashes }),
  command: CommandSchema,
  result: Type.Object({
    id: Text,
    outcome: Type.Union([
      Type.Literal('done'),
      Type.Literal('refused'),
      Type.Literal('failed'),
      Type.Literal('expired'),
    ]),
    detail: Text,
  }),
  status: Type.Object({ online: Type.Boolean() }),
  health: Type.Object({
    time: Time,
    uptimeS: Type.Number({ minimum: 0 }),
    rssBytes: Whole,
    buffer: Type.Object({
      bytes: Whole,
      unsealed: Whole,
      unackedBatches: Whole,
      quarantined: Whole,
    }),
    buses: Type.Array(Type.Object({ key: Text, ok: Whole, timeouts: Whole, errors: Whole })),
    storage: Type.Optional(
      Type.Object({
        kind: Text,
        usedBytes: Whole,
        allowedBytes: Whole,
        thinned: Text,
        lostReadings: Whole,
        writtenBytesPerReading: Type.Optional(Type.Number({ minimum: 0 })),
        yearsOfCard: Type.Optional(Type.Number({ minimum: 0 })),
      }),
    ),
    uplink: Type.Optional(Type.Object({ month: Text, bytes: Whole, budgetBytes: Whole })),
    lastError: Type.Optional(Text),
  }),
};

/** A key that a schema lacks or has beyond its interface makes its message `never`: it does not compile. */
export type Messages = {
  [Kind in MessageKind]: SameKeys<Static<(typeof schemas)[Kind]>, Declared[Kind]> extends true
    ? Declared[Kind]
    : never;
};

type Parser<Message> = (value: unknown, what: string, code: 'malformed' | 'unencodable') => Message;

const compileParsers = (): { [Kind in MessageKind]: Parser<Messages[Kind]> } => {
  const hello = Compile(schemas.hello);
  const welcome = Compile(schemas.welcome);
  const ack = Compile(schemas.ack);
  const resend = Compile(schemas.resend);
  const command = Compile(schemas.command);
  const result = Compile(schemas.result);
  const status = Compile(schemas.status);
  const health = Compile(schemas.health);
  return {
    hello: (...args) => check(hello, ...args),
    welcome: (...args) => check(welcome, ...args),
    ack: (...args) => check(ack, ...args),
    resend: (...args) => check(resend, ...args),
    command: (...args) => check(command, ...args),
    result: (...args) => check(result, ...args),
    status: (...args) => check(status, ...args),
    health: (...args) => check(health, ...args),
  };
};
const parsers = compileParsers();

/** Encodes a message deterministically. Throws `WireError` 'unencodable' naming the key, or 'too-large'. */
export const encodeMessage = <Kind extends MessageKind>(kind: Kind, value: Messages[Kind]): Uint8Array => {
  const bytes = encodeCbor(parsers[kind](value, kind, 'unencodable'));
  if (bytes.length > MAX_MESSAGE_BYTES) {
    throw new WireError('too-large', `${kind} has ${bytes.length} bytes; the limit is ${MAX_MESSAGE_BYTES}`);
  }
  return bytes;
};

/**
 * Decodes and validates a message; keys that this version does not know are left alone. Throws `WireError`
 * 'too-large' before parsing, or 'malformed' naming the key.
 */
export const decodeMessage = <Kind extends MessageKind>(kind: Kind, bytes: Uint8Array): Messages[Kind] => {
  if (bytes.length > MAX_MESSAGE_BYTES) {
    throw new WireError('too-large', `${kind} has ${bytes.length} bytes; the limit is ${MAX_MESSAGE_BYTES}`);
  }
  return parsers[kind](decodeCbor(bytes), kind, 'malformed');
};
