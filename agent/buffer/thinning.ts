import { openBody, parseBatch } from '#wire/batch.js';
import { decodeDirectory } from '#wire/directory-codec.js';
import type { BatchContent } from '#wire/body.js';
import { WireError } from '#wire/errors.js';
import type { BatchHeader } from '#wire/header.js';
import { CONTENTS } from '#wire/terms.js';
import { seqOf } from './batch-ids.js';
import type { BatchesTable, BatchSummary } from './batches-table.js';
import type { BatchSigner } from './buffer.js';
import type { Directories } from './directories.js';
import type { Losses } from './losses.js';
import type { OutsideRows } from './outside-rows.js';
import type { Sealing } from './sealing.js';
import { Taken, ThinnedContent } from './thinned-content.js';
import { THINNING_STEPS, type ThinnedPoint, type ThinningStep } from './thinning-steps.js';
import type { Database } from './sqlite-database.js';
import type { Covered } from './window-maker.js';

export interface ThinningDeps {
  readonly database: Database;
  readonly batches: BatchesTable;
  readonly directories: Directories;
  readonly losses: Losses;
  readonly sealing: Sealing;
  readonly outside: OutsideRows;
  /** How far the windows that stand for what a step takes are made. */
  readonly covered: (step: ThinningStep) => Covered;
}

/** Makes sealed, unacked batches smaller, oldest first; each call is part of a transaction of the caller. */
export interface Thinning {
  /** Takes a bounded number of batches through a step; gives whether it looked at any. */
  thinBatches(step: ThinningStep, signer: BatchSigner): boolean;
  /** How far a step has come on one kind of thing: batches by id, rows and windows by ordinal. */
  readonly cursors: Cursors;
}

export interface Cursors {
  at(step: ThinningStep, of: 'batches' | 'rows' | 'windows'): number;
  move(step: ThinningStep, of: 'batches' | 'rows' | 'windows', to: number): void;
  /** The furthest step that took anything. */
  furthest(): ThinningStep | undefined;
}

/** Batches of one call, and readings or windows in them: what one transaction rewrites. */
const MOST_BATCHES = 32;
const MOST_COUNT = 16_000;
/** Batches that are kept together are sealed anew once they hold so much. */
const FULL_COUNT = 8_000;
const READINGS = CONTENTS.indexOf('readings');
const WINDOWS = CONTENTS.indexOf('windows');
const LOSSES = CONTENTS.indexOf('losses');
const BEFORE_ALL = -(2 ** 53);
const THINGS = ['batches', 'rows', 'windows'] as const;

const keyOf = (step: ThinningStep, of: (typeof THINGS)[number]): number =>
  THINNING_STEPS.indexOf(step) * THINGS.length + THINGS.indexOf(of);

const createCursors = (database: Database): Cursors => {
  const select = database.prepare<[number], number>('SELECT upTo FROM thinned WHERE step = ?').pluck();
  const save = database.prepare('INSERT OR REPLACE INTO thinned (step, upTo) VALUES (?, ?)');
  const most = database.prepare<[], number | null>('SELECT max(step) FROM thinned').pluck();
  return {
    at: (step, of) => select.get(keyOf(step, of)) ?? BEFORE_ALL,
    move: (step, of, to) => {
      save.run(keyOf(step, of), to);
    },
    furthest: () => {
      const key = most.get();
      return key == null ? undefined : THINNING_STEPS[Math.floor(key / THINGS.length)];
    },
  };
};

/** Batches that went one after the other, of one epoch: one loss record. */
class Gone {
  readonly #losses: Losses;
  #run: { epoch: string; firstSeq: number; lastSeq: number; taken: Taken } | undefined;

  constructor(losses: Losses) {
    this.#losses = losses;
  }

  add(epoch: string, seq: number, taken: Taken): void {
    if (this.#run?.epoch !== epoch || this.#run.lastSeq + 1 !== seq) {
      this.record();
      this.#run = { epoch, firstSeq: seq, lastSeq: seq, taken };
      return;
    }
    this.#run.lastSeq = seq;
    this.#run.taken.add(taken);
  }

  record(): void {
    if (this.#run === undefined) return;
    const { taken, ...range } = this.#run;
    this.#losses.record({ cause: 'space', ...range, ...taken.loss() });
    this.#run = undefined;
  }
}

type PendingBatch = BatchSummary & { readonly message: Uint8Array };

/** Points of a directory, by number; those of the last one asked for are kept. */
const createPointsOf = (
  directories: Directories,
): ((directory: Uint8Array) => ReadonlyMap<number, ThinnedPoint>) => {
  let known: { readonly hash: string; readonly points: ReadonlyMap<number, ThinnedPoint> } | undefined;

  return (directory) => {
    const hash = Buffer.from(directory).toString('hex');
    if (known?.hash === hash) return known.points;
    const [stored] = directories.list([directory]);
    let points: ReadonlyMap<number, ThinnedPoint> = new Map();
    try {
      if (stored !== undefined)
        points = new Map(
          decodeDirectory(stored.bytes).directory.points.map((point) => [point.number, point]),
        );
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
    }
    known = { hash, points };
    return points;
  };
};

/** A batch's content; `undefined` where its bytes are damaged: claiming it quarantines it. */
const open = (
  message: Uint8Array,
): { readonly header: BatchHeader; readonly body: BatchContent } | undefined => {
  try {
    const parsed = parseBatch(message);
    return { header: parsed.header, body: openBody(parsed) };
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
};

/** Whether windows that are to stand for what a batch holds are still to be made, from rows that are here. */
const isAhead = ({ id, content, lastOrdinal, lastTime }: BatchSummary, { rows, until }: Covered): boolean =>
  id > 0 && ((content === READINGS && lastOrdinal > rows) || (content === WINDOWS && lastTime >= until));

export const createThinning = (deps: ThinningDeps): Thinning => {
  const { batches, directories, losses, sealing, outside } = deps;
  const cursors = createCursors(deps.database);
  const pointsOf = createPointsOf(directories);

  /** Takes one batch through the step; what is left of it joins `content`. */
  const thinOne = (batch: PendingBatch, content: ThinnedContent, gone: Gone): Uint8Array | undefined => {
    const opened = open(batch.message);
    if (opened === undefined) return undefined;
    const { header, body } = opened;
    // a batch that was saved from another file has ordinals of that file: nothing here tells what of it is in a window
    const isOutside = (ordinal: number): boolean => batch.id < 0 || outside.has(ordinal);
    const taken = content.add(body, pointsOf(header.directory), isOutside);
    if (taken.isNothing) return undefined;
    taken.heldBack = header.heldBack;
    // held-back readings that were asked for: earlier headers count them
    if (header.recalled === true) gone.add(header.epoch, seqOf(batch.id), new Taken());
    else gone.add(header.epoch, seqOf(batch.id), taken);
    batches.drop(batch.id);
    return header.recalled === true ? undefined : header.directory;
  };

  return {
    cursors,
    thinBatches: (step, signer) => {
      const gone = new Gone(losses);
      let looked = 0;
      let count = 0;
      let kept = new ThinnedContent(step);
      let directory: Uint8Array | undefined;
      const flush = (): void => {
        if (directory !== undefined)
          for (const content of kept.contents()) sealing.sealAgain(content, { directory }, signer);
        kept = new ThinnedContent(step);
        directory = undefined;
      };
      const covered = deps.covered(step);
      let at = cursors.at(step, 'batches');
      while (looked < MOST_BATCHES && count < MOST_COUNT) {
        const batch = batches.nextPending(at);
        if (batch === undefined || isAhead(batch, covered)) break;
        at = batch.id;
        looked += 1;
        count += batch.count;
        if (batch.content === LOSSES) continue;
        // a batch of which nothing goes stays as it is: what it would add to the others is dropped again
        const alone = new ThinnedContent(step);
        const named = thinOne(batch, alone, gone);
        if (named === undefined) continue;
        if (directory !== undefined && Buffer.compare(directory, named) !== 0) flush();
        directory = named;
        kept.absorb(alone);
        if (kept.count >= FULL_COUNT) flush();
      }
      flush();
      gone.record();
      if (looked > 0) cursors.move(step, 'batches', at);
      return looked > 0;
    },
  };
};
