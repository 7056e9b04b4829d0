import { Type } from 'typebox';
import type { Static } from 'typebox';
import { Value } from 'typebox/value';
import { CLOCK_STATES, FLAGS, REASONS } from '#wire/terms.js';

/** What the tools of a technician ask of the running agent, which alone uses the buses. One line of JSON. */
const Status = Type.Object({ ask: Type.Literal('status') });
const Read = Type.Object({ ask: Type.Literal('read'), device: Type.Optional(Type.String()) });
const Write = Type.Object({
  ask: Type.Literal('write'),
  device: Type.String(),
  point: Type.String(),
  value: Type.String({ maxLength: 255 }),
});
/** What a Modbus device counts itself (function 8). */
const Diagnose = Type.Object({ ask: Type.Literal('diagnose'), device: Type.String() });
/** Registers of a file of a Modbus device (function 20). */
const FileRecord = Type.Object({
  ask: Type.Literal('file-record'),
  device: Type.String(),
  file: Type.Integer({ minimum: 1, maximum: 0xffff }),
  record: Type.Integer({ minimum: 0, maximum: 9_999 }),
  count: Type.Integer({ minimum: 1, maximum: 121 }),
});
/** Batches that were refused; with an id, the bytes of one. */
const Quarantine = Type.Object({ ask: Type.Literal('quarantine'), id: Type.Optional(Type.Integer()) });
const Place = Type.Object({ time: Type.Number(), ordinal: Type.Number() });
/** What is stored of a point, a page at a time: from a time, UTC ms, or of the last so many ms. */
const History = Type.Object({
  ask: Type.Literal('history'),
  point: Type.String(),
  from: Type.Optional(Type.Number()),
  to: Type.Optional(Type.Number()),
  lastMs: Type.Optional(Type.Number()),
  after: Type.Optional(Place),
  limit: Type.Integer({ minimum: 1, maximum: 10_000 }),
});
const AgentQuestion = Type.Union([Status, Read, Write, Diagnose, FileRecord, Quarantine, History]);
export type AgentQuestion = Static<typeof AgentQuestion>;
export type WriteQuestion = Static<typeof Write>;
export type HistoryQuestionOfTool = Static<typeof History>;
export type InspectQuestion = Static<typeof Diagnose> | Static<typeof FileRecord>;

const Nullable = Type.Union([Type.Number(), Type.String(), Type.Null()]);

const ReadRow = Type.Object({
  device: Type.String(),
  deviceName: Type.String(),
  place: Type.String(),
  point: Type.String(),
  name: Type.String(),
  value: Nullable,
  unit: Type.String(),
  dial: Type.Union([
    Type.Null(),
    Type.Object({ value: Type.Union([Type.Number(), Type.String()]), unit: Type.String() }),
  ]),
  flag: Type.Enum([...FLAGS]),
  reason: Type.Enum([...REASONS]),
  fault: Type.Union([Type.String(), Type.Null()]),
  raw: Type.String(),
  time: Type.Number(),
  notBefore: Type.Union([Type.Number(), Type.Null()]),
});

/** What a write came to, values in the point's unit. */
const WriteReport = Type.Object({
  device: Type.String(),
  point: Type.String(),
  unit: Type.String(),
  /** As the device took it. */
  wanted: Type.Union([Type.Number(), Type.String()]),
  outcome: Type.Enum(['written', 'differs', 'failed']),
  before: Nullable,
  after: Nullable,
  fault: Type.Union([Type.String(), Type.Null()]),
});
export type WriteReport = Static<typeof WriteReport>;

const QuarantinedRow = Type.Object({
  id: Type.Integer(),
  seq: Type.Integer(),
  reason: Type.String(),
  /** UTC ms, as the gateway believed then. */
  at: Type.Number(),
  bytes: Type.Integer(),
});
export type QuarantinedRow = Static<typeof QuarantinedRow>;

const HistoryRow = Type.Object({
  time: Type.Number(),
  /** Integers beyond 2^53 as text. */
  value: Nullable,
  flag: Type.Enum([...FLAGS]),
  reason: Type.Enum([...REASONS]),
  clock: Type.Enum([...CLOCK_STATES]),
  uncertaintyMs: Type.Number(),
});
export type HistoryRow = Static<typeof HistoryRow>;

const Counted = Type.Union([Type.Number(), Type.Null()]);

/** What a device answered; `diagnosis` or `registers` is null where it was not asked for, or a fault says why. */
const InspectReport = Type.Object({
  device: Type.String(),
  place: Type.String(),
  diagnosis: Type.Union([
    Type.Null(),
    Type.Object({
      returnsData: Type.Boolean(),
      busMessages: Counted,
      checksumErrors: Counted,
      exceptions: Counted,
      messages: Counted,
      noReplies: Counted,
    }),
  ]),
  /** Hexadecimal, one group for each. */
  registers: Type.Union([Type.String(), Type.Null()]),
  fault: Type.Union([Type.String(), Type.Null()]),
});
export type InspectReport = Static<typeof InspectReport>;

const version = Type.String();
export const InspectAnswer = Type.Object({ version, report: InspectReport });
export const ReadAnswer = Type.Object({ version, rows: Type.Array(ReadRow) });
export const WriteAnswer = Type.Object({ version, report: WriteReport });
export const QuarantineAnswer = Type.Object({
  version,
  batches: Type.Array(QuarantinedRow),
  /** Base64. */
  message: Type.Union([Type.String(), Type.Null()]),
});
export const HistoryAnswer = Type.Object({
  version,
  /** The period that was meant. */
  fromMs: Type.Number(),
  toMs: Type.Number(),
  readings: Type.Array(HistoryRow),
  next: Type.Union([Place, Type.Null()]),
  keptFromMs: Type.Union([Type.Number(), Type.Null()]),
});
export const AgentRefusal = Type.Object({ refused: Type.String() });

/** Parses a line that came in at the socket; an empty one asks for the status. `undefined`: it asks nothing known. */
export const parseQuestion = (line: string): AgentQuestion | undefined => {
  if (line === '') return { ask: 'status' };
  try {
    const question: unknown = JSON.parse(line);
    return Value.Check(AgentQuestion, question) ? question : undefined;
  } catch {
    return undefined;
  }
};
