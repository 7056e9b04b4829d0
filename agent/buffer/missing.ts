import type { SeqRange } from '#wire/messages.js';
import type { BatchIds } from './batch-ids.js';
import type { BatchesTable, BatchSummary } from './batches-table.js';
import type { Losses } from './losses.js';
import type { State } from './state-row.js';
import type { Database } from './sqlite-database.js';

export interface MissingDeps {
  readonly database: Database;
  readonly ids: BatchIds;
  readonly batches: BatchesTable;
  readonly losses: Losses;
  readonly state: State;
}

/** The most readings that a batch of ours holds: the bound where its summary is gone too. */
const MOST_READINGS = 8_000;
/** Batches declared by one call at most. */
const MOST_BATCHES = 20_000;

type Known = Pick<BatchSummary, 'content' | 'count' | 'heldBack' | 'firstTime' | 'lastTime'>;

/** Batches in a row of which the same is known. */
class Run {
  readonly #first: number;
  #last: number;
  #count = 0;
  #windows = 0;
  #heldBack = 0;
  #firstTime = Infinity;
  #lastTime = -Infinity;
  #exact = true;

  constructor(first: number) {
    this.#first = first;
    this.#last = first - 1;
  }

  get next(): number {
    return this.#last + 1;
  }

  add(known: Known | undefined): void {
    this.#last += 1;
    this.#exact &&= known !== undefined;
    if (known === undefined) this.#count += MOST_READINGS;
    else if (known.content === 0) this.#count += known.count;
    else if (known.content === 1) this.#windows += known.count;
    this.#heldBack += known?.heldBack ?? 0;
    this.#firstTime = Math.min(this.#firstTime, known?.firstTime ?? Infinity);
    this.#lastTime = Math.max(this.#lastTime, known?.lastTime ?? -Infinity);
  }

  record(losses: Losses, epoch: string): void {
    losses.record({
      cause: 'retention',
      epoch,
      firstSeq: this.#first,
      lastSeq: this.#last,
      count: this.#count,
      ...(this.#windows === 0 ? {} : { windows: this.#windows }),
      ...(this.#heldBack === 0 ? {} : { heldBack: this.#heldBack }),
      exact: this.#exact,
      ...(this.#firstTime > this.#lastTime ? {} : { firstTime: this.#firstTime, lastTime: this.#lastTime }),
      points: [],
      note: 'asked for again after the local history had ended',
    });
  }
}

/** Declares batches that are asked for and gone, each once; gives how many. Part of a transaction of the caller. */
export const declareMissing = (deps: MissingDeps, epoch: string, ranges: readonly SeqRange[]): number => {
  const { database, ids, batches, losses, state } = deps;
  const note = database.prepare('INSERT OR IGNORE INTO declared (id) VALUES (?)');
  let declared = 0;
  for (const [first, last] of ranges) {
    const top = epoch === state.row.epoch ? Math.min(last, state.row.lastSeq) : last;
    let run: Run | undefined;
    for (let seq = first; seq <= top && declared < MOST_BATCHES; seq += 1) {
      const id = ids.of(epoch, seq);
      if (id === undefined) return declared;
      if (batches.has(id) || note.run(id).changes === 0) continue;
      if (run?.next !== seq) {
        run?.record(losses, epoch);
        run = new Run(seq);
      }
      run.add(batches.evicted(id));
      declared += 1;
    }
    run?.record(losses, epoch);
  }
  return declared;
};
