import type { BatchBody } from '#wire/batch.js';
import type { BatchHeader } from '#wire/header.js';
import type { Loss } from '#wire/windows.js';
import { DAY_MS } from '../log/ledger-day.js';
import { noCounts, type DayCounts, type OriginLedger, type ViewsWriter } from '../store/views-writer.js';
import { cover } from '../store/seq-cover.js';

/** A reading that reaches the log this long after its time is late. */
const LATE_MS = 900_000;

/** Counts of one transaction, written together at its end. */
export interface Ledger {
  /** Number that rows of this (source, epoch) carry. */
  originOf(header: BatchHeader): number;
  stored(header: BatchHeader, body: BatchBody, receivedAt: number): void;
  /** The batch was counted as stored, and is found unusable after all. */
  withdraw(header: BatchHeader, body: BatchBody, receivedAt: number): void;
  quarantined(header: BatchHeader): void;
  flush(): void;
}

type LedgerViews = Pick<ViewsWriter, 'origin' | 'putOrigin' | 'addLedgerDay' | 'addLoss'>;

interface Touched {
  readonly ledger: OriginLedger;
  readonly days: Map<number, DayCounts>;
}

/** The ledger of each (source, epoch), as a whole and by UTC day: what was stored, quarantined and declared lost. */
export const createLedger = (views: LedgerViews): Ledger => {
  const touched = new Map<string, Touched>();
  const of = (source: string, epoch: string): Touched => {
    const key = `${source}/${epoch}`;
    const known = touched.get(key);
    if (known !== undefined) return known;
    const made = { ledger: views.origin(source, epoch), days: new Map<number, DayCounts>() };
    touched.set(key, made);
    return made;
  };
  const begin = ({ source, epoch, seq, lastOrdinal }: BatchHeader): Touched => {
    const place = of(source, epoch);
    place.ledger.covered = cover(place.ledger.covered, seq, seq);
    place.ledger.lastOrdinal = Math.max(place.ledger.lastOrdinal, lastOrdinal);
    return place;
  };

  return {
    originOf: (header) => of(header.source, header.epoch).ledger.number,
    stored: (header, body, receivedAt) => {
      count(begin(header), header, body, receivedAt, 1);
      if (body.content !== 'losses') return;
      for (const loss of body.losses) {
        const { ledger, days } = of(header.source, loss.epoch);
        declare(ledger, loss);
        views.addLoss(ledger.number, loss);
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
    flush: () => {
      for (const { ledger, days } of touched.values()) {
        views.putOrigin(ledger);
        for (const [day, counts] of days) views.addLedgerDay(ledger.number, day, counts);
      }
    },
  };
};

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
