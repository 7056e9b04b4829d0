import type { ReadRequest, UnitSettings, WriteRequest, WriteResult } from '../driver.js';
import type { Fault, Sample } from '../sample.js';
import type { RegisterPoint } from '../profile.js';
import { ILLEGAL_FUNCTION } from './exceptions.js';
import { planWrite } from './plan-write.js';
import {
  diagnostic,
  readFileRecord,
  readIdentification,
  reportServerId,
  type IdentificationPart,
  type ModbusRequest,
} from './request.js';

/** What came of one request; `at` is the monotonic ms at which it left. */
export type Answer<T> = { readonly value: T; readonly at: number } | Failure;

export interface Failure {
  readonly fault: Fault;
  readonly at: number;
  readonly exception?: number;
}

/** What a device says of itself (Modbus Application Protocol 1.1b3, section 6.21). */
export interface DeviceIdentification {
  readonly vendor?: string;
  readonly product?: string;
  readonly revision?: string;
  readonly vendorUrl?: string;
  readonly productName?: string;
  readonly modelName?: string;
  readonly applicationName?: string;
  /** The maker's own objects, by id, 128 to 255. */
  readonly own: ReadonlyMap<number, Uint8Array>;
}

/** What function 17 gives: the form is each maker's own. */
export interface ServerId {
  readonly bytes: Uint8Array;
  /** Its readable characters. */
  readonly text: string;
}

/** Function 8: whether the device gives back what it was sent, and its own counters; `null` for those it does not have. */
export interface Diagnosis {
  readonly returnsData: boolean;
  readonly busMessages: number | null;
  readonly checksumErrors: number | null;
  readonly exceptions: number | null;
  readonly messages: number | null;
  readonly noReplies: number | null;
}

/** What can be asked of a unit beside its registers. A fault is in the answer; rejects only when `signal` aborts. */
export interface ModbusOperations {
  /** Function 43/14, all three levels as far as the device has them. */
  identify(unit: UnitSettings, signal: AbortSignal): Promise<Answer<DeviceIdentification>>;
  /** Function 17. */
  reportServerId(unit: UnitSettings, signal: AbortSignal): Promise<Answer<ServerId>>;
  /** Function 8, of a device that was recognised. */
  diagnose(unit: UnitSettings, signal: AbortSignal): Promise<Answer<Diagnosis>>;
  /** Function 20, of a device that was recognised: `count` registers of a file, from a record on. */
  readFile(
    unit: UnitSettings,
    at: { readonly file: number; readonly record: number; readonly count: number },
    signal: AbortSignal,
  ): Promise<Answer<Uint8Array>>;
  /**
   * Functions 5, 6, 15, 16, 22 and 23, as the point needs and the device knows, between two reads of it. Rejects with a `ModbusError` where
   * the profile does not allow the write.
   */
  write(request: WriteRequest<RegisterPoint>, signal: AbortSignal): Promise<WriteResult>;
}

/** What the operations need of their line. */
export interface OperatedLine {
  openings(): number;
  /** Reads points of a unit that was recognised. */
  read(request: ReadRequest<RegisterPoint>, signal: AbortSignal): Promise<readonly Sample[]>;
  /** Why what a unit says is not to be believed; `undefined` where it is the one that is meant, or nothing tells. */
  recognise(unit: UnitSettings, signal: AbortSignal): Promise<Failure | undefined>;
  /** Sends one request, in turn; with `onOpening` only where the line is still open as it was then. */
  exchange<T>(
    unit: UnitSettings,
    request: ModbusRequest<T>,
    signal: AbortSignal,
    onOpening?: number,
  ): Promise<Answer<T>>;
}

const OBJECTS = [
  'vendor',
  'product',
  'revision',
  'vendorUrl',
  'productName',
  'modelName',
  'applicationName',
] as const;
const FIRST_OWN_OBJECT = 128;
/** Parts of one identification: a device that never ends must. */
const MOST_PARTS = 32;

const readable = (bytes: Uint8Array): string =>
  Buffer.from(bytes)
    .toString('latin1')
    .replace(/[^\x20-\x7e\xa0-\xff]+/g, ' ')
    .trim();

const describe = (objects: ReadonlyMap<number, Uint8Array>): DeviceIdentification => {
  const own = new Map([...objects].filter(([id]) => id >= FIRST_OWN_OBJECT));
  const named = OBJECTS.flatMap((name, id) => {
    const bytes = objects.get(id);
    return bytes === undefined ? [] : [[name, readable(bytes)] as const];
  });
  return { ...Object.fromEntries(named), own };
};

const readLevel = async (
  line: OperatedLine,
  unit: UnitSettings,
  level: 1 | 2 | 3,
  signal: AbortSignal,
): Promise<Answer<ReadonlyMap<number, Uint8Array>>> => {
  const objects = new Map<number, Uint8Array>();
  let next: number | undefined = 0;
  for (let part = 0; part < MOST_PARTS; part++) {
    const answer: Answer<IdentificationPart> = await line.exchange(
      unit,
      readIdentification(level, next),
      signal,
    );
    if ('fault' in answer) return answer;
    for (const [id, bytes] of answer.value.objects) objects.set(id, bytes);
    const following: number | undefined = answer.value.next;
    if (following === undefined || following <= next) return { value: objects, at: answer.at };
    next = following;
  }
  const fault: Fault = { code: 'frame', detail: `the identification has no end after ${MOST_PARTS} parts` };
  return { fault, at: 0 };
};

/** A device may refuse a level that it does not have: the lower ones follow. */
const identify = async (
  line: OperatedLine,
  unit: UnitSettings,
  signal: AbortSignal,
): Promise<Answer<DeviceIdentification>> => {
  for (const level of [3, 2, 1] as const) {
    const answer = await readLevel(line, unit, level, signal);
    if ('value' in answer) return { value: describe(answer.value), at: answer.at };
    const refusedLevel = answer.exception !== undefined && answer.exception !== ILLEGAL_FUNCTION;
    if (level === 1 || !refusedLevel) return answer;
  }
  throw new Error('unreachable');
};

/** Sub-functions of function 8 (section 6.8). */
const RETURN_QUERY = 0;
const PATTERN = 0xa537;
const COUNTERS = {
  busMessages: 11,
  checksumErrors: 12,
  exceptions: 13,
  messages: 14,
  noReplies: 15,
} as const;

/** Any answer will do, a refusal as well. */
const ANY_REGISTER: RegisterPoint = {
  key: 'any',
  name: 'any',
  kind: 'gauge',
  property: 'any',
  unit: '1',
  valueType: 'integer',
  scale: 1,
  offset: 0,
  vectors: [],
  register: { table: 'holding', address: 0, type: 'uint16', order: 'AB', length: 1, sentinels: [] },
};

/** A reply of function 8 repeats its request: only a line that is known to echo or not can tell it from an echo. */
const learnEcho = async (
  line: OperatedLine,
  unit: UnitSettings,
  signal: AbortSignal,
): Promise<Sample | undefined> => {
  const [sample] = await line.read({ unit, points: [ANY_REGISTER] }, signal);
  return sample;
};

const diagnose = async (
  line: OperatedLine,
  unit: UnitSettings,
  signal: AbortSignal,
): Promise<Answer<Diagnosis>> => {
  const first = await learnEcho(line, unit, signal);
  if (first?.fault !== undefined && first.fault.code !== 'exception')
    return { fault: first.fault, at: first.at };
  const opening = line.openings();
  const returned = await line.exchange(unit, diagnostic(RETURN_QUERY, PATTERN), signal, opening);
  if ('fault' in returned) return returned;
  const counted: Record<keyof typeof COUNTERS, number | null> = {
    busMessages: null,
    checksumErrors: null,
    exceptions: null,
    messages: null,
    noReplies: null,
  };
  for (const name of ['busMessages', 'checksumErrors', 'exceptions', 'messages', 'noReplies'] as const) {
    const answer = await line.exchange(unit, diagnostic(COUNTERS[name], 0), signal, opening);
    if ('value' in answer) counted[name] = answer.value;
    else if (answer.exception === undefined) return answer;
  }
  return { value: { returnsData: returned.value === PATTERN, ...counted }, at: returned.at };
};

const readOne = async (
  line: OperatedLine,
  { unit, point }: WriteRequest<RegisterPoint>,
  signal: AbortSignal,
): Promise<Sample> => {
  const [sample] = await line.read({ unit, points: [point] }, signal);
  if (sample === undefined) throw new Error(`no sample came for ${point.key}`);
  return sample;
};

/** The first read also recognises the device and learns whether the line echoes. */
const write = async (
  line: OperatedLine,
  request: WriteRequest<RegisterPoint>,
  signal: AbortSignal,
): Promise<WriteResult> => {
  const planned = planWrite(request);
  const before = await readOne(line, request, signal);
  if (before.raw.length === 0)
    return { outcome: 'failed', before, ...(before.fault === undefined ? {} : { fault: before.fault }) };
  const opening = line.openings();
  let fault: Fault | undefined;
  for (const attempt of planned.requests) {
    const answer = await line.exchange(request.unit, attempt, signal, opening);
    fault = 'fault' in answer ? answer.fault : undefined;
    // Only a device that does not know the function has surely done nothing.
    if (!('fault' in answer) || answer.exception !== ILLEGAL_FUNCTION) break;
  }
  const after = await readOne(line, request, signal);
  // A reply that was lost says nothing of what was done: the register does.
  if (planned.holds(after.raw)) return { outcome: 'written', before, after };
  if (fault !== undefined) return { outcome: 'failed', before, after, fault };
  return after.raw.length > 0
    ? { outcome: 'differs', before, after }
    : { outcome: 'failed', before, after, ...(after.fault === undefined ? {} : { fault: after.fault }) };
};

export const createOperations = (line: OperatedLine): ModbusOperations => ({
  identify: (unit, signal) => identify(line, unit, signal),
  reportServerId: async (unit, signal) => {
    const answer = await line.exchange(unit, reportServerId(), signal);
    return 'fault' in answer
      ? answer
      : { value: { bytes: answer.value, text: readable(answer.value) }, at: answer.at };
  },
  diagnose: (unit, signal) => diagnose(line, unit, signal),
  readFile: async (unit, { file, record, count }, signal) => {
    const failure = await line.recognise(unit, signal);
    if (failure !== undefined) return failure;
    // A line that was not open yet is opened by this request, where nothing had to be recognised.
    const opening = unit.identity === undefined ? undefined : line.openings();
    return await line.exchange(unit, readFileRecord(file, record, count), signal, opening);
  },
  write: (request, signal) => write(line, request, signal),
});
