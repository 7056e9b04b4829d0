import type { BatchBody } from '#wire/batch.js';
import type { BatchHeader } from '#wire/header.js';
import type { Loss } from '#wire/windows.js';
import { DAY_MS } from '../log/ledger-day.js';
import {
  noCounts,
  type DayCounts,
  type OriginLedger,
  type OriginStep,
  type ViewsWriter,
} from '../store/views-writer.js';
import { cover } from '../store/seq-cover.js';

/** A reading that reaches the log this long after its time is late. */
const LATE_MS = 900_000;

/** One (source, epoch). */
export interface OriginName {
  readonly source: string;
  readonly epoch: string;
}

/** Counts of one transaction, once what is stored of each (source, epoch) that may occur in it is prepared. */
export interface Ledger {
  prepare(names: readonly OriginName[]): Promise<void>;
  /** Number that rows of this (source, epoch) carry. */
  originOf(header: BatchHeader): number;
  stored(header: BatchHeader, body: BatchBody, receivedAt: number): void;
  /** The batch was counted as stored, and is found unusable after all. */
  withdraw(header: BatchHeader, body: BatchBody, receivedAt: number): void;
  quarantined(header: BatchHeader): void;
  /** Notes where a batch lies whose rows can be shown. */
  placed(header: BatchHeader, position: number): void;
  steps(): readonly OriginStep[];
}

type LedgerViews = Pick<ViewsWriter, 'origin' | 'newOrigins'>;

interface Touched {
  readonly ledger: OriginLedger;
  readonly days: Map<number, DayCounts>;
  readonly losses: Loss[];
  readonly batches: { readonly header: BatchHeader; readonly position: number }[];
}

/** The ledger of each (source, epoch), as a whole and by UTC day: what was stored, quarantined and declared lost. */
export const createLedger = (views: LedgerViews): Ledger => {
  const { prepare, of, all } = createPlaces(views);
  const begin = ({ source, epoch, seq, lastOrdinal }: BatchHeader): Touched => {
    const place = of(source, epoch);
    place.ledger.covered = cover(place.ledger.covered, seq, seq);
    place.ledger.lastOrdinal = Math.max(place.ledger.lastOrdinal, lastOrdinal);
    return place;
  };

  return {
    prepare,
    originOf: (header) => of(header.source, header.epoch).ledger.number,
    stored: (header, body, receivedAt) => {
      count(begin(header), header, body, receivedAt, 1);
      if (body.content !== 'losses') return;
      for (const loss of body.losses) {
        const { ledger, days, losses } = of(header.source, loss.epoch);
        declare(ledger, loss);
        losses.push(loss);
        const day = dayCounts(days, loss.firstTime ?? receivedAt);
        day.lost += loss.count;
        day.lostBatches += batchesOf(loss);
      }
    },
    withdraw: (header, body, receivedAt) => {
      const place = of(header.source, header.epoch);
      count(place, header, body, receivedAt, -1);
      refuse(place, header);
    },
    quarantined: (header) => refuse(begin(header), header),
    placed: (header, position) => void of(header.source, header.epoch).batches.push({ header, position }),
    steps: all,
  };
};

/** What is counted of each (source, epoch). */
const createPlaces = (views: LedgerViews) => {
  const prepared = new Map<string, OriginLedger | undefined>();
  const touched = new Map<string, Touched>();
  let numbers: readonly number[] = [];
  let made = 0;
  /** Numbers go by the order in which the log brings them, however much of it was prepared. */
  const newLedger = (source: string, epoch: string): OriginLedger => {
    const number = numbers[made];
    if (number === undefined)
      throw new RangeError(`the ledger of ${source}, epoch ${epoch}, was not prepared`);
    made += 1;
    return { number, source, epoch, ...emptyLedger() };
  };
  const of = (source: string, epoch: string): Touched => {
    const key = keyOf({ source, epoch });
    const known = touched.get(key);
    if (known !== undefined) return known;
    const ledger = prepared.get(key) ?? newLedger(source, epoch);
    const place: Touched = { ledger, days: new Map(), losses: [], batches: [] };
    touched.set(key, place);
    return place;
  };
  return {
    prepare: async (names: readonly OriginName[]): Promise<void> => {
      const asked = new Map(names.map((name) => [keyOf(name), name]));
      const found = await Promise.all(
        [...asked.values()].map(({ source, epoch }) => views.origin(source, epoch)),
      );
      for (const [index, key] of [...asked.keys()].entries()) prepared.set(key, found[index]);
      const unknown = found.filter((ledger) => ledger === undefined).length;
      if (unknown > 0) numbers = await views.newOrigins(unknown);
    },
    of,
    all: (): readonly Touched[] => [...touched.values()],
  };
};

const keyOf = ({ source, epoch }: OriginName): string => `${source}/${epoch}`;

const emptyLedger = (): Omit<OriginLedger, 'number' | 'source' | 'epoch'> => ({
  batches: 0,
  readings: 0,
  windows: 0,
  lossRecords: 0,
  erased: 0,
  heldBack: 0,
  late: 0,
  quarantined: 0,
  quarantinedRows: 0,
  lost: 0,
  lostRows: 0,
  lostIsBound: false,
  covered: [],
  lostSeqs: [],
  lastOrdinal: 0,
});

const dayCounts = (days: Map<number, DayCounts>, time: number): DayCounts => {
  const day = Math.floor(time / DAY_MS);
  const known = days.get(day);
  if (known !== undefined) return known;
  const made = noCounts();
  days.set(day, made);
  return made;
};

const batchesOf = ({ firstSeq, lastSeq }: Loss): number =>
  firstSeq === undefined || lastSeq === undefined ? 0 : lastSeq - firstSeq + 1;

const count = (
  { ledger, days }: Touched,
  header: BatchHeader,
  body: BatchBody,
  receivedAt: number,
  sign: 1 | -1,
): void => {
  const day = dayCounts(days, header.lastTime === 0 ? receivedAt : header.firstTime);
  ledger.batches += sign;
  day.batches += sign;
  ledger.heldBack += sign * header.heldBack;
  const here = rowsIn(body);
  ledger.erased += sign * (header.count - here);
  if (body.content === 'losses') ledger.lossRecords += sign * here;
  if (body.content === 'windows') {
    ledger.windows += sign * here;
    day.windows += sign * here;
  }
  if (body.content === 'readings') {
    ledger.readings += sign * here;
    // earlier headers told of these as held back
    if (header.recalled === true) ledger.heldBack -= sign * header.count;
    ledger.late += sign * countReadings(days, header, body, receivedAt - LATE_MS, sign);
  }
};

/** What the header counts, less what was erased. */
const rowsIn = (body: BatchBody): number => {
  if (body.content === 'losses') return body.losses.length;
  const items =
    body.content === 'readings'
      ? body.columns.map(({ readings }) => readings.length)
      : body.columns.map(({ windows }) => windows.length);
  return items.reduce((total, length) => total + length, 0);
};

/** Counts each reading on its own day; gives how many were taken before `deadline`. */
const countReadings = (
  days: Map<number, DayCounts>,
  header: BatchHeader,
  body: Extract<BatchBody, { content: 'readings' }>,
  deadline: number,
  sign: 1 | -1,
): number => {
  const add = (time: number, readings: number): number => {
    const day = dayCounts(days, time);
    const late = time < deadline ? readings : 0;
    day.readings += sign * readings;
    day.late += sign * late;
    return late;
  };
  const { firstTime, lastTime } = header;
  const oneDay = Math.floor(firstTime / DAY_MS) === Math.floor(lastTime / DAY_MS);
  if (oneDay && (firstTime >= deadline || lastTime < deadline)) return add(firstTime, rowsIn(body));
  let late = 0;
  for (const { readings } of body.columns) for (const { time } of readings) late += add(time, 1);
  return late;
};

const refuse = ({ ledger, days }: Touched, header: BatchHeader): void => {
  ledger.quarantined += 1;
  ledger.quarantinedRows += header.count + (header.recalled === true ? 0 : header.heldBack);
  dayCounts(days, header.firstTime).quarantined += 1;
};

const declare = (ledger: OriginLedger, loss: Loss): void => {
  ledger.lost += loss.count;
  ledger.lostIsBound ||= !loss.exact;
  if (loss.cause !== 'memory') ledger.lostRows += loss.count + (loss.windows ?? 0) + (loss.heldBack ?? 0);
  if (loss.firstSeq === undefined || loss.lastSeq === undefined) return;
  ledger.covered = cover(ledger.covered, loss.firstSeq, loss.lastSeq);
  ledger.lostSeqs = cover(ledger.lostSeqs, loss.firstSeq, loss.lastSeq);
};
