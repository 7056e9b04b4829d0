import { withCrc } from '../../drivers/modbus/crc16.js';
import { createModbus } from '../../drivers/modbus/modbus.js';
import type { Bus, BusCounters } from '../../drivers/driver.js';
import type { Sample } from '../../drivers/sample.js';
import { createRandom } from '../../drivers/simulator/random.js';
import { point } from './modbus.js';
import {
  createPacedLine,
  JumpingClock,
  registersReply,
  type PacedReply,
  type SeenRequest,
} from './paced-line.js';

export interface FaultyRun {
  readonly polls: number;
  readonly good: number;
  /** Values of another register or unit, or made for an earlier request. */
  readonly wrong: number;
  /** Most polls in a row without a value that one fault cost. */
  readonly recoveryPolls: number;
  readonly counters: BusCounters;
}

export interface FaultySettings {
  readonly polls: number;
  readonly latenessMs: number;
  readonly seed: number;
}

const TIMEOUT_MS = 300;
/** A late reply comes so long after its request at least and at most: beyond the timeout, within a second. */
const [LATE_FROM_MS, LATE_TO_MS] = [250, 930];
const UNITS = 5;
const POINTS = Array.from({ length: 8 }, (_, index) =>
  point(`r${index}`, { address: 10 * index, type: 'uint32', order: 'ABCD' }),
);

type Corrupt = (frame: Uint8Array, random: () => number) => PacedReply;

const flip: Corrupt = (frame, random) => {
  const at = Math.floor(random() * frame.length);
  return { frame: frame.with(at, (frame[at] ?? 0) ^ (1 << Math.floor(random() * 8))) };
};
const astray: Corrupt = (frame, random) => {
  const bytes = Array.from({ length: 1 + Math.floor(random() * 3) }, () => Math.floor(random() * 256));
  return { frame: Uint8Array.from(random() < 0.5 ? [...bytes, ...frame] : [...frame, ...bytes]) };
};
const misaddressed: Corrupt = (frame) => ({
  frame: withCrc(Uint8Array.of(((frame[0] ?? 0) % UNITS) + 1, ...frame.subarray(1, -2))),
});
const late: Corrupt = (frame, random) => ({
  frame,
  extraMs: LATE_FROM_MS + random() * (LATE_TO_MS - LATE_FROM_MS),
});

/** Shares of the replies. */
const FAULTS: readonly (readonly [number, Corrupt])[] = [
  [0.03, late],
  [0.01, flip],
  [0.01, astray],
  [0.01, misaddressed],
];
const SPLIT_SHARE = 0.05;

/** Whose reply says which unit, which register and which request it is of, and which are spoilt. */
const createUnits = (random: () => number) => {
  const seen = { requests: 0, faults: 0 };
  const answer = (request: SeenRequest): PacedReply => {
    seen.requests++;
    const { unit, address } = request;
    const frame = registersReply(
      request,
      Uint8Array.of(unit, address, (seen.requests >> 8) & 0xff, seen.requests & 0xff),
    );
    let dice = random();
    const piece = random() < SPLIT_SHARE ? 1 + Math.floor(random() * 4) : 62;
    for (const [share, corrupt] of FAULTS) {
      if (dice < share) {
        seen.faults++;
        return { ...corrupt(frame, random), piece };
      }
      dice -= share;
    }
    return { frame, piece };
  };
  return { seen, answer };
};

const right = ({ value }: Sample, unit: number, address: number, from: number, to: number): boolean => {
  const number = Number(value);
  const request = number & 0xffff;
  const sinceFrom = (request - from) & 0xffff;
  return (
    number >>> 24 === unit && ((number >>> 16) & 0xff) === address && sinceFrom > 0 && sinceFrom <= to - from
  );
};

/**
 * Polls five units on a 9600 baud line, of whose replies 3 % come late, 1 % have a flipped bit, 1 % stray bytes, 1 %
 * another unit's address, and 5 % come in small pieces. Time jumps.
 */
export const pollFaultyLine = async ({ polls, latenessMs, seed }: FaultySettings): Promise<FaultyRun> => {
  const clock = new JumpingClock();
  const units = createUnits(createRandom(seed));
  const characterMs = 10 / 9.6;
  const line = createPacedLine({ characterMs, turnaroundMs: 20, clock, answer: units.answer });
  const bus = createModbus().openBus(
    {
      key: 'line',
      endpoint: {
        type: 'serial',
        path: 'in-process',
        baudRate: 9600,
        dataBits: 8,
        parity: 'none',
        stopBits: 1,
      },
      framing: 'rtu',
      timeoutMs: TIMEOUT_MS,
      latenessMs,
      pauseMs: 0,
    },
    { openChannel: () => Promise.resolve(line), now: () => clock.now(), delay: clock.delay },
  );
  const run = clock.runUntil(pollAll(bus, units.seen, polls));
  const result = await run;
  await bus.close();
  return result;
};

const pollAll = async (
  bus: Bus,
  seen: { readonly requests: number; readonly faults: number },
  polls: number,
): Promise<FaultyRun> => {
  const never = new AbortController().signal;
  let [good, wrong, recoveryPolls, badRun, faultsAtRun] = [0, 0, 0, 0, 0];
  for (let poll = 0; poll < polls; poll++) {
    const unit = 1 + (poll % UNITS);
    const asked = POINTS.slice(poll % POINTS.length, (poll % POINTS.length) + 1);
    const before = { ...seen };
    const [sample] = await bus.read(
      { unit: { address: String(unit), maxRegisters: 125 }, points: asked },
      never,
    );
    if (sample === undefined) throw new Error('a point without a sample');
    if (sample.value === null) {
      if (badRun++ === 0) faultsAtRun = before.faults;
      const faults = Math.max(1, seen.faults - faultsAtRun);
      recoveryPolls = Math.max(recoveryPolls, badRun - (faults - 1));
      continue;
    }
    badRun = 0;
    const address = asked[0]?.register.address ?? -1;
    if (right(sample, unit, address, before.requests, seen.requests)) good++;
    else wrong++;
  }
  return { polls, good, wrong, recoveryPolls, counters: bus.counters() };
};
