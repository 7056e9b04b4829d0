import { parseBatch } from '#wire/batch.js';
import type { AbsorbInto, BufferCore } from './buffer-core.js';
import { openDamaged, scanDamaged } from './damaged-file.js';
import { readNote } from './file-note.js';
import {
  bringBatches,
  bringDirectories,
  bringEpochs,
  bringLosses,
  declareLostBatches,
} from './salvage-batches.js';
import { bringRows, bringWindows, readable, type Brought, type OldState } from './salvage-rows.js';
import type { Database } from './sqlite-database.js';

const STAGES = [
  'directories',
  'batches',
  'lost-batches',
  'losses',
  'rows',
  'windows',
  'rest',
  'history',
  'done',
] as const;
type Stage = (typeof STAGES)[number];

/** How far the saving of one file has come; kept in the file that it goes to. */
interface Progress {
  readonly stage: Stage;
  readonly after: number;
  readonly rows: number;
  readonly windows: number;
  readonly losses: number;
  readonly damaged: boolean;
  /** The highest ordinal that was seen. */
  readonly seen: number;
  /** The end of a table could not be read: ordinals may go further than was seen. */
  readonly endless: boolean;
}

const BEGUN: Progress = {
  stage: 'directories',
  after: 0,
  rows: 0,
  windows: 0,
  losses: 0,
  damaged: false,
  seen: 0,
  endless: false,
};
const BEFORE_ALL = -(2 ** 53);
/** An epoch of which not even the name is known. */
const UNKNOWN_EPOCH = '0'.repeat(16);

const next = (progress: Progress, more: Partial<Progress> = {}): Progress => ({
  ...progress,
  ...more,
  stage: STAGES[STAGES.indexOf(progress.stage) + 1] ?? 'done',
  after: BEFORE_ALL,
});

/** After a stretch of rows or windows. */
const along = (progress: Progress, { to, damaged, ended }: Brought): Progress => {
  const now = {
    ...progress,
    after: to,
    damaged: progress.damaged || damaged,
    seen: Math.max(progress.seen, to),
    endless: progress.endless || (damaged && ended),
  };
  return ended ? next(now) : now;
};

/** What is known of the old file's state: from its row, else from what was found of its batches. */
const stateOf = (from: Database, path: string): OldState => {
  const [row] = readable(() => from.prepare<[], OldState>('SELECT * FROM state').all());
  if (row !== undefined) return row;
  const note = readNote(path);
  let [epoch, lastSeq, sealedReadings, sealedWindows, sealedCount] = [
    note?.epoch ?? UNKNOWN_EPOCH,
    0,
    0,
    0,
    0,
  ];
  for (let after = 0; ;) {
    const { rows, ended } = scanDamaged<{ readonly key: number; readonly message: Uint8Array }>(
      from,
      'SELECT id AS key, message FROM batch WHERE id > ? ORDER BY id LIMIT ?',
      after,
      100,
    );
    for (const { key, message } of rows) {
      const { header } = parseBatch(message);
      [epoch, lastSeq, sealedCount] = [header.epoch, key, sealedCount + header.count + header.heldBack];
      if (header.content === 'readings') sealedReadings = Math.max(sealedReadings, header.lastOrdinal);
      if (header.content === 'windows') sealedWindows = Math.max(sealedWindows, header.lastOrdinal);
    }
    after = rows.at(-1)?.key ?? after;
    if (ended) break;
  }
  const lastOrdinal = note?.ordinals ?? Math.max(sealedReadings, sealedWindows);
  return {
    epoch,
    lastSeq,
    lastOrdinal,
    sealedReadings,
    liveFrom: 0,
    liveSealed: 0,
    sealedWindows,
    readingsSealed: Math.max(0, lastOrdinal - (note?.unsettled ?? 0)),
    windowsSealed: 0,
    lossesSealed: 0,
    droppedRows: 0,
  };
};

/** Saves what one set-aside file holds, in steps; each is one transaction with its progress, so that none is done twice. */
export class Salvage {
  readonly path: string;
  readonly #core: () => BufferCore;
  #from: Database | undefined;
  #old: OldState | undefined;

  constructor(path: string, core: () => BufferCore) {
    this.path = path;
    this.#core = core;
  }

  /** One step; gives whether it is done, or must wait for a newer version of this program. */
  step(): 'more' | 'done' | 'waits' {
    if (this.#from === undefined) {
      const opened = openDamaged(this.path);
      if (opened === 'newer') return 'waits';
      if (opened === undefined) {
        this.#core().absorb((into) => this.#declareAll(into));
        return 'done';
      }
      this.#from = opened;
    }
    const from = this.#from;
    const old = (this.#old ??= stateOf(from, this.path));
    return this.#core().absorb((into) => {
      const progress = this.#progress(into);
      if (progress.stage === 'done') return 'done';
      this.#save(into, this.#bring(from, into, old, progress));
      return 'more';
    });
  }

  close(): void {
    try {
      this.#from?.close();
    } catch {
      // it is damaged, and of no use any more
    }
    this.#from = undefined;
  }

  #bring(from: Database, into: AbsorbInto, old: OldState, progress: Progress): Progress {
    switch (progress.stage) {
      case 'directories':
        bringDirectories(from, into);
        return next(progress);
      case 'batches': {
        const { to, damaged, ended } = bringBatches(from, into, progress.after, 'unacked');
        const now = { ...progress, after: to, damaged: progress.damaged || damaged };
        return ended ? next(now) : now;
      }
      case 'lost-batches':
        declareLostBatches(from, into, old.epoch, old.lastSeq, progress.damaged);
        return next(progress, { damaged: false });
      case 'losses':
        return next(progress, { losses: bringLosses(from, into) });
      case 'rows': {
        const brought = bringRows(from, into, old, progress.after);
        return along({ ...progress, rows: progress.rows + brought.count }, brought);
      }
      case 'windows': {
        const brought = bringWindows(from, into, old, progress.after);
        return along({ ...progress, windows: progress.windows + brought.count }, brought);
      }
      case 'rest':
        this.#declareRest(into, old, progress);
        return next(progress);
      case 'history': {
        const { to, ended } = bringBatches(from, into, progress.after, 'acked');
        if (!ended) return { ...progress, after: to };
        bringEpochs(from, into, old.epoch, old.lastSeq);
        return next(progress);
      }
      default:
        return progress;
    }
  }

  /** What was stored and not sealed, and was not found: an upper bound, since windows may be among it. */
  #declareRest(into: AbsorbInto, old: OldState, progress: Progress): void {
    const { epoch, readingsSealed, windowsSealed, lossesSealed, droppedRows } = old;
    const noted = progress.endless ? (readNote(this.path)?.ordinals ?? 0) : 0;
    const lastOrdinal = Math.max(old.lastOrdinal, progress.seen, noted);
    const unsealed = lastOrdinal - readingsSealed - windowsSealed - lossesSealed - droppedRows;
    const count = unsealed - progress.rows - progress.windows - progress.losses;
    if (!progress.damaged && count <= 0) return;
    into.losses.record({
      cause: 'damage',
      epoch,
      count: Math.max(0, count),
      exact: false,
      points: [],
      note: 'unsealed rows, not readable in a damaged file',
    });
  }

  /** Nothing can be found in the file: what it may have held that the fleet has not. */
  #declareAll(into: AbsorbInto): void {
    const note = readNote(this.path);
    into.losses.record({
      cause: 'damage',
      epoch: note?.epoch ?? UNKNOWN_EPOCH,
      count: note?.unsettled ?? 0,
      exact: false,
      points: [],
      note: 'nothing was readable in a damaged file',
    });
    this.#save(into, { ...BEGUN, stage: 'done' });
  }

  #progress({ database }: AbsorbInto): Progress {
    const text = database
      .prepare<[string], string>('SELECT progress FROM salvage WHERE path = ?')
      .pluck()
      .get(this.path);
    const value: unknown = text === undefined ? { ...BEGUN, after: BEFORE_ALL } : JSON.parse(text);
    return value as Progress;
  }

  #save({ database }: AbsorbInto, progress: Progress): void {
    database
      .prepare(
        'INSERT INTO salvage (path, progress) VALUES (?, ?) ON CONFLICT (path) DO UPDATE SET progress = excluded.progress',
      )
      .run(this.path, JSON.stringify(progress));
  }
}
