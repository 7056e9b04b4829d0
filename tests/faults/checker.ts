import { eventually } from '../support/eventually.js';
import type { HeldEpoch, HeldReading } from './held.js';
import { placeOf, pointKey, POINTS, turnOf, type Said } from './meter.js';
import type { LedgerRow, Run, Site } from './site.js';

/** What was found wrong, and figures. */
export interface Verdict {
  readonly faults: readonly string[];
  readonly figures: Readonly<Record<string, number>>;
}

/** What a run left behind, for the judgement. */
export interface Evidence {
  /** By place of the point. */
  readonly said: readonly (readonly Said[])[];
  readonly runs: readonly Run[];
  readonly epochs: readonly HeldEpoch[];
  readonly keyOf: (reading: HeldReading) => string | undefined;
  readonly ledger: readonly LedgerRow[];
  /** What was said until then must have arrived, UTC ms. */
  readonly until: number;
  readonly allowances: Allowances;
}

/** What a fault test may take away without breaking a promise. */
export interface Allowances {
  /** Longest time between a value being said and its being on the disk, ms; what a stop may cost. */
  readonly windowMs: number;
  /** How far a reading's time may be from the moment its value was said, ms; `undefined`: not judged here. */
  readonly timeMs: number | undefined;
}

/** The commit interval of the agent (2 s), and what a busy machine may add to it. */
export const USUAL: Allowances = { windowMs: 7_000, timeMs: 3_000 };

const SETTLE_MS = 120_000;
/** A backlog moves within this. */
const HOLES_STAY_MS = 20_000;
const LEDGER_MS = 30_000;
/** On a machine that is busy with everything else too. */
const MOST_START_MS = 60_000;
/** Every unsynced boot lies between two that are known. */
const MOST_UNCERTAIN_MS = 600_000;
const SHOWN = 12;

/** Counts what is wrong of one kind, and shows the first few. */
class Faults {
  readonly #found: string[] = [];
  #count = 0;

  add(text: string): void {
    this.#count += 1;
    if (this.#found.length < SHOWN) this.#found.push(text);
  }

  list(): readonly string[] {
    const more = this.#count - this.#found.length;
    return more > 0 ? [...this.#found, `and ${more} more`] : this.#found;
  }
}

/** Ordinals from 1 that an epoch's batches and loss records do not hold. */
export const missingOrdinals = (epoch: HeldEpoch): readonly number[] => {
  const own = new Set(epoch.losses.map(({ ordinal }) => ordinal));
  const last = [...epoch.readings.keys(), ...epoch.windows].reduce((most, each) => Math.max(most, each), 0);
  const missing: number[] = [];
  for (let ordinal = 1; ordinal <= last; ordinal += 1)
    if (!epoch.readings.has(ordinal) && !epoch.windows.has(ordinal) && !own.has(ordinal))
      missing.push(ordinal);
  return missing;
};

const missingSeqs = ({ batches }: HeldEpoch): readonly number[] => {
  const last = [...batches.keys()].reduce((most, each) => Math.max(most, each), 0);
  return Array.from({ length: last }, (_, index) => index + 1).filter((seq) => !batches.has(seq));
};

/** I2: nothing came twice. I3: what did not come was held back or declared, to the number. */
const judgeSequence = (epochs: readonly HeldEpoch[], faults: Faults): number => {
  const losses = epochs.flatMap((epoch) => epoch.losses);
  for (const epoch of epochs) {
    const name = `epoch ${epoch.epoch}`;
    for (const [seq, times] of epoch.batches)
      if (times > 1) faults.add(`I2 ${name}: batch ${seq} ${times} times`);
    for (const ordinal of epoch.doubled) faults.add(`I2 ${name}: ordinal ${ordinal} came again`);
    const ofIt = losses.filter((loss) => loss.epoch === epoch.epoch && loss.cause !== 'memory');
    const declared = ofIt.reduce((sum, { count }) => sum + count, 0);
    const missing = missingOrdinals(epoch);
    const lost = missing.length - epoch.heldBack;
    const exact = ofIt.every((loss) => loss.exact);
    if (exact ? lost !== declared : lost > declared)
      faults.add(`I3 ${name}: ${lost} of its ordinals are missing, ${declared} declared (${some(missing)})`);
    const covered = (seq: number): boolean =>
      ofIt.some(({ firstSeq, lastSeq }) => seq >= (firstSeq ?? Infinity) && seq <= (lastSeq ?? -1));
    const holes = missingSeqs(epoch).filter((seq) => !covered(seq));
    if (holes.length > 0) faults.add(`I3 ${name}: batches ${some(holes)} are missing and not declared`);
  }
  return losses.reduce((sum, { count }) => sum + count, 0);
};

const some = (numbers: readonly number[]): string =>
  numbers.length > 5 ? `${numbers.slice(0, 5).join(', ')}, ...` : numbers.join(', ');

interface Arrived extends HeldReading {
  readonly epoch: string;
}

/** I4: each value is one that this point said at that time. Gives them by value. */
const judgeValues = (evidence: Evidence, faults: Faults): ReadonlyMap<number, Arrived> => {
  const arrived = new Map<number, Arrived>();
  const { said, keyOf, allowances } = evidence;
  for (const { epoch, readings } of evidence.epochs) {
    for (const reading of readings.values()) {
      const { value, ordinal, time, uncertaintyMs } = reading;
      if (value === null) continue;
      const place = placeOf(value);
      const key = keyOf(reading);
      if (key !== pointKey(place))
        faults.add(`I4 ordinal ${ordinal}: ${key} has a value of ${pointKey(place)}`);
      const spoken = said[place]?.[turnOf(value)];
      if (spoken === undefined) {
        faults.add(`I4 ordinal ${ordinal}: nothing ever said ${value}`);
        continue;
      }
      const off = Math.abs(time - spoken.at) - uncertaintyMs;
      if (allowances.timeMs !== undefined && off > allowances.timeMs)
        faults.add(`I4 ordinal ${ordinal}: its time is ${Math.round(off)} ms from when it was said`);
      if (uncertaintyMs > MOST_UNCERTAIN_MS)
        faults.add(`I4 ordinal ${ordinal}: its time is known to ${uncertaintyMs} ms only`);
      if (arrived.has(value)) faults.add(`I2 value ${value} arrived twice`);
      arrived.set(value, { ...reading, epoch });
    }
  }
  return arrived;
};

/** Readings without a value, by point: a poll that failed. */
const failedPolls = ({ epochs, keyOf }: Evidence): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>();
  for (const { readings } of epochs)
    for (const reading of readings.values()) {
      const key = keyOf(reading) ?? '';
      if (reading.value === null) counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  return counts;
};

interface Tail {
  /** Values said before the agent ended that never arrived. */
  readonly lost: number;
  /** How long before the end the first of them was said, ms. */
  readonly ageMs: number;
}

/** What one point said during one run must have arrived, but for the end of it where the run was cut off. */
const judgePoint = (
  spoken: readonly Said[],
  arrived: ReadonlyMap<number, Arrived>,
  endedAt: number | undefined,
): { readonly tail: Tail; readonly holes: readonly number[] } => {
  const last = spoken.findLastIndex(({ value }) => arrived.has(value));
  // A run of which nothing arrived was cut off before its first commit: it has an end, and no middle.
  const holes = spoken.slice(0, Math.max(0, last)).filter(({ value }) => !arrived.has(value));
  const tail = spoken.slice(last + 1);
  const ageMs = tail[0] === undefined || endedAt === undefined ? 0 : endedAt - tail[0].at;
  return { tail: { lost: tail.length, ageMs }, holes: holes.map(({ value }) => value) };
};

/** I1: what was stored arrived; a stop costs at most what had not yet been stored. */
const judgeRuns = (evidence: Evidence, arrived: ReadonlyMap<number, Arrived>, faults: Faults) => {
  const { runs, said, until, allowances, epochs } = evidence;
  const memoryLost = epochs
    .flatMap(({ losses }) => losses)
    .reduce((sum, { cause, count }) => (cause === 'memory' ? sum + count : sum), 0);
  const failed = failedPolls(evidence);
  const holes = new Map<string, number[]>();
  let [tailMs, tailLost] = [0, 0];
  for (const [index, run] of runs.entries()) {
    const end = Math.min(run.endedAt ?? Infinity, until);
    for (const [place, turns] of said.entries()) {
      const spoken = turns.filter(({ at }) => at >= run.startedAt && at <= end);
      const judged = judgePoint(spoken, arrived, end);
      holes.set(pointKey(place), [...(holes.get(pointKey(place)) ?? []), ...judged.holes]);
      [tailMs, tailLost] = [Math.max(tailMs, judged.tail.ageMs), tailLost + judged.tail.lost];
      if (judged.tail.ageMs > allowances.windowMs)
        faults.add(
          `I1 run ${index + 1}, ${pointKey(place)}: nothing of its last ${judged.tail.ageMs} ms arrived`,
        );
    }
  }
  for (const [key, values] of holes)
    if (values.length > (failed.get(key) ?? 0) + memoryLost)
      faults.add(`I1 ${key}: ${values.length} values are missing from the middle (${some(values)})`);
  return { tailMs, tailLost };
};

/** I1: the agent confirmed that many readings of a run as stored; so many must have come. */
const judgeConfirmed = (evidence: Evidence, arrived: ReadonlyMap<number, Arrived>, faults: Faults): void => {
  const spans = evidence.runs.map((run) => spanOf(run, evidence, arrived));
  for (const [index, run] of evidence.runs.entries()) {
    const epoch = evidence.epochs.find((each) => each.epoch === run.epoch);
    const span = spans[index];
    if (run.stored === 0 || run.endedAt === undefined) continue;
    const of = (at: number) => (spans[at]?.epoch === run.epoch ? spans[at] : undefined);
    const after = of(index - 1)?.last ?? 0;
    const next = of(index + 1)?.first ?? Infinity;
    const came = [...(epoch?.readings.keys() ?? [])].filter((ordinal) => ordinal > after && ordinal < next);
    const gone = span === undefined ? run.stored : run.stored - came.length;
    const declared = (epoch?.losses ?? []).reduce((sum, { count }) => sum + count, 0);
    if (gone > declared)
      faults.add(`I1 run ${index + 1}: ${run.stored} readings were confirmed as stored, ${came.length} came`);
  }
};

/** First and last ordinal of a run's values. */
const spanOf = (run: Run, { said }: Evidence, arrived: ReadonlyMap<number, Arrived>) => {
  let [first, last] = [Infinity, 0];
  for (const turns of said)
    for (const { value, at } of turns) {
      const reading = arrived.get(value);
      if (reading === undefined || reading.epoch !== run.epoch) continue;
      if (at < run.startedAt || at > (run.endedAt ?? Infinity)) continue;
      [first, last] = [Math.min(first, reading.ordinal), Math.max(last, reading.ordinal)];
    }
  return last === 0 ? undefined : { epoch: run.epoch, first, last };
};

const judgeLedger = ({ ledger, epochs }: Evidence, faults: Faults): void => {
  for (const { epoch, batches, readings } of epochs) {
    const row = ledger.find((each) => each.epoch === epoch);
    if (row?.stored !== batches.size || row.readings !== readings.size || row.missing.length > 0)
      faults.add(
        `I3 ledger of ${epoch}: ${JSON.stringify(row)}, where ${batches.size} batches, ${readings.size} readings are held`,
      );
  }
};

/** Judges what a run left behind by the invariants of the design. */
export const judge = (evidence: Evidence): Verdict => {
  const kinds = Array.from({ length: 6 }, () => new Faults());
  const [sequence, values, runs, confirmed, ledger, starts] = kinds as [
    Faults,
    Faults,
    Faults,
    Faults,
    Faults,
    Faults,
  ];
  const declaredLost = judgeSequence(evidence.epochs, sequence);
  if (declaredLost > 0) sequence.add(`I1 ${declaredLost} readings were declared lost, and nothing had to be`);
  const arrived = judgeValues(evidence, values);
  const { tailMs, tailLost } = judgeRuns(evidence, arrived, runs);
  judgeConfirmed(evidence, arrived, confirmed);
  judgeLedger(evidence, ledger);
  const startMs = Math.max(0, ...evidence.runs.map((run) => run.startMs ?? 0));
  if (startMs > MOST_START_MS) starts.add(`I6 a start took ${startMs} ms`);
  return {
    faults: kinds.flatMap((kind) => kind.list()),
    figures: {
      said: evidence.said.reduce((sum, turns) => sum + turns.length, 0),
      arrived: arrived.size,
      batches: evidence.epochs.reduce((sum, { batches }) => sum + batches.size, 0),
      epochs: evidence.epochs.length,
      declaredLost,
      unstoredAtStops: tailLost,
      longestUnstoredMs: tailMs,
      slowestStartMs: startMs,
    },
  };
};

/** What has not arrived yet: nothing, holes by their number, or even the newest. */
const lackOf = async (site: Site, until: number): Promise<number> => {
  await site.held.refresh();
  const epoch = site.held.epochs.at(-1);
  if (epoch === undefined) return Infinity;
  const fresh = new Set<number>();
  for (const { value } of epoch.readings.values()) {
    const spoken = value === null ? undefined : site.meter.said[placeOf(value)]?.[turnOf(value)];
    if (value !== null && spoken !== undefined && spoken.at >= until) fresh.add(placeOf(value));
  }
  if (fresh.size < POINTS) return Infinity;
  const batches = site.held.epochs.reduce((sum, each) => sum + missingSeqs(each).length, 0);
  return batches + Math.max(0, missingOrdinals(epoch).length - epoch.heldBack);
};

/** Resolves once all has arrived, or holes have stayed as they are for a while. */
const settle = async (site: Site, until: number): Promise<void> => {
  let [lack, since] = [Infinity, Date.now()];
  await eventually(async () => {
    const now = await lackOf(site, until);
    if (now !== lack) [lack, since] = [now, Date.now()];
    return lack === 0 || (lack !== Infinity && Date.now() - since > HOLES_STAY_MS);
  }, SETTLE_MS).catch(() => undefined);
};

/**
 * Lets the site come to rest, stops its agent and judges it. Both programs must be running. What has not come to
 * rest within two minutes is judged as it stands.
 */
export const judgeSite = async (site: Site, allowances: Allowances = USUAL): Promise<Verdict> => {
  const until = Date.now();
  await settle(site, until);
  await site.endAgent('SIGTERM');
  const evidence = async (): Promise<Evidence> => {
    await site.held.refresh();
    const { held, meter, runs } = site;
    const keyOf = (reading: HeldReading): string | undefined => held.keyOf(reading);
    return {
      said: meter.said,
      runs,
      epochs: held.epochs,
      keyOf,
      ledger: await site.ledger(),
      until,
      allowances,
    };
  };
  // Projections follow the log at their own pace.
  await eventually(async () => {
    const { ledger } = await evidence();
    return site.held.epochs.every(({ epoch, batches }) =>
      ledger.some((row) => row.epoch === epoch && row.stored === batches.size),
    );
  }, LEDGER_MS).catch(() => undefined);
  return judge(await evidence());
};
