import type { UnitSettings } from '../driver.js';
import type { Fault, Sample } from '../sample.js';
import type { RegisterPoint } from '../profile.js';
import { decodeRegisters } from './decode-registers.js';
import { exceptionName, ILLEGAL_DATA_ADDRESS, ILLEGAL_DATA_VALUE } from './exceptions.js';
import type { Line, LineAnswer } from './line.js';
import { dataBytes } from './line-costs.js';
import { sliceReply, type PlannedRead } from './plan-reads.js';
import { FUNCTIONS, type ReadCodec } from './read-codec.js';
import { isBitTable, span } from './register-layout.js';
import type { UnitState } from './unit-state.js';

/** Requests without an answer, one after the other, after which a unit is not asked for the rest of a read. */
const SILENCES = 2;

export type Samples = Map<RegisterPoint, Sample>;

export interface UnitLine {
  readonly line: Line;
  readonly codec: ReadCodec;
  /** The unit's number on the line. */
  readonly address: number;
  readonly settings: UnitSettings;
}

type Answer =
  | { readonly data: Uint8Array; readonly at: number }
  | { readonly fault: Fault; readonly at: number; readonly exception?: number };

/** The same fault for each point. */
export const faulty = (
  points: readonly RegisterPoint[],
  fault: Fault,
  at: number,
): (readonly [RegisterPoint, Sample])[] =>
  points.map((point) => [point, { point: point.key, value: null, raw: new Uint8Array(), at, fault }]);

/**
 * Reads points of one unit by the cheapest requests, and puts a sample of each into `samples`. A request that the unit
 * refuses for an address is halved until the refused stretch is found; that is remembered, and costs no other point
 * its value. A unit that leaves two requests in a row without answer is not asked for the rest.
 */
export const readUnit = async (
  unitLine: UnitLine,
  points: readonly RegisterPoint[],
  samples: Samples,
  signal: AbortSignal,
): Promise<void> => {
  const { line, address, settings } = unitLine;
  const unit = line.unit(address);
  let silences = 0;
  for (const read of unit.plan(points, settings, line.costs(address, settings.pauseMs))) {
    const fault = await readInto(unitLine, unit, read, samples, signal);
    silences = fault?.code === 'timeout' ? silences + 1 : 0;
    if (fault === undefined || silences < SILENCES) continue;
    for (const point of points) {
      const sample = samples.get(point);
      if (sample?.fault?.code === 'closed') samples.set(point, { ...sample, fault });
    }
    return;
  }
};

/** Gives the fault that the whole request came to. */
const readInto = async (
  unitLine: UnitLine,
  unit: UnitState,
  read: PlannedRead,
  samples: Samples,
  signal: AbortSignal,
): Promise<Fault | undefined> => {
  const answer = await ask(unitLine, unit, read, signal);
  if ('data' in answer) {
    for (const point of read.points) samples.set(point, sampleOf(read, point, answer.data, answer.at));
    return undefined;
  }
  const halves = refused(answer.exception) ? halve(read) : undefined;
  if (halves !== undefined) {
    const [first, second] = halves;
    const faults = [
      await readInto(unitLine, unit, first, samples, signal),
      await readInto(unitLine, unit, second, samples, signal),
    ];
    if (faults.every((fault) => fault === undefined)) learnBetween(unit, answer.exception, first, second);
    return undefined;
  }
  if (answer.exception === ILLEGAL_DATA_ADDRESS)
    unit.learnHole({ table: read.table, first: read.address, last: read.address + read.count - 1 });
  for (const [point, sample] of faulty(read.points, answer.fault, answer.at)) samples.set(point, sample);
  return answer.fault;
};

const refused = (exception: number | undefined): boolean =>
  exception === ILLEGAL_DATA_ADDRESS || exception === ILLEGAL_DATA_VALUE;

/** Both halves are given where the whole was not: what lies between them is refused, or so many registers are. */
const learnBetween = (
  unit: UnitState,
  exception: number | undefined,
  first: PlannedRead,
  second: PlannedRead,
): void => {
  const end = first.address + first.count;
  if (exception === ILLEGAL_DATA_ADDRESS && end < second.address)
    unit.learnHole({ table: first.table, first: end, last: second.address - 1 });
  else if (!isBitTable(first.table)) unit.learnMost(Math.max(first.count, second.count));
};

const readOf = (points: readonly RegisterPoint[], { table }: PlannedRead): PlannedRead => {
  const from = Math.min(...points.map(({ register }) => register.address));
  const to = Math.max(...points.map(({ register }) => register.address + span(register)));
  return { table, address: from, count: to - from, points };
};

/** Parts a request at the widest gap between its points, or in the middle where it has none. */
const halve = (read: PlannedRead): readonly [PlannedRead, PlannedRead] | undefined => {
  const points = read.points.toSorted((a, b) => a.register.address - b.register.address);
  const middle = read.address + read.count / 2;
  let best: { readonly index: number; readonly gap: number; readonly off: number } | undefined;
  let end = read.address;
  points.forEach(({ register }, index) => {
    const gap = register.address - end;
    const off = Math.abs(register.address - middle);
    const better = best === undefined || gap > best.gap || (gap === best.gap && off < best.off);
    if (index > 0 && gap >= 0 && better) best = { index, gap, off };
    end = Math.max(end, register.address + span(register));
  });
  if (best === undefined) return undefined;
  return [readOf(points.slice(0, best.index), read), readOf(points.slice(best.index), read)];
};

const sampleOf = (read: PlannedRead, point: RegisterPoint, data: Uint8Array, at: number): Sample => {
  const raw = sliceReply(read, point, data);
  return { point: point.key, raw, at, ...decodeRegisters(raw, point.register, point) };
};

const ask = async (
  { line, codec, address: unitAddress, settings }: UnitLine,
  unit: UnitState,
  { table, address, count }: PlannedRead,
  signal: AbortSignal,
): Promise<Answer> => {
  const expectation = {
    unit: unitAddress,
    function: FUNCTIONS[table],
    dataBytes: dataBytes(table, count),
  };
  const send = (): Promise<LineAnswer> => {
    const frame = codec.encode({ unit: unitAddress, table, address, count });
    const { pauseMs } = settings;
    return line.exchange({ frame, expectation, ...(pauseMs === undefined ? {} : { pauseMs }) }, signal);
  };
  let answer = await send();
  if ('fault' in answer && answer.disturbed === true) answer = await send();
  if ('fault' in answer) return answer;
  const { at } = answer;
  const reply = codec.decode(answer.frame);
  if (reply.kind === 'unreadable') return { fault: { code: 'frame', detail: reply.detail }, at };
  line.count(reply.kind === 'data' ? 'ok' : 'exceptions', unit);
  return reply.kind === 'data'
    ? { data: reply.data, at }
    : { fault: { code: 'exception', detail: exceptionName(reply.code) }, at, exception: reply.code };
};
