import { renameSync, rmSync } from 'node:fs';
import type { KnownClock } from '../clock/clock.js';
import type { BufferPoint, NewReading, SetAside, SigningKey, StorageState } from './buffer.js';
import { BufferCore } from './buffer-core.js';
import { asBufferError, BufferError } from './buffer-error.js';
import { NOTE_EVERY, writeNote } from './file-note.js';
import { openFile, openPrepared, setAside, type OpenFileDeps } from './open-file.js';
import type { PointRow } from './points.js';
import type { Database } from './sqlite-database.js';
import { syncFile } from './sync-file.js';
import type { Waiting } from './transactions.js';

export interface StoreOptions {
  readonly path: string;
  readonly graceMs: number;
  readonly capBytes: number;
  readonly historyBytes: number;
  readonly historyMs: number;
  /** While the disk takes nothing, it is tried again this often, ms. */
  readonly retryMs: number;
}

export interface StoreDeps extends OpenFileDeps {
  /** Monotonic ms. */
  readonly monotonic: () => number;
}

/** What a store in memory may hold, bytes: about 300,000 readings, sealed many more. */
export const MEMORY_BYTES = 16 * 1024 * 1024;

/** What a new file must be told that the old one knew. */
interface Known {
  points: readonly PointRow[];
  directory: { readonly hash: Uint8Array; readonly bytes: Uint8Array } | undefined;
  signer: SigningKey | undefined;
  clock: { readonly boot: string; readonly known: KnownClock } | undefined;
}

/**
 * Where one buffer stores, whatever becomes of its file: one in which damage is met is set aside and a new one goes
 * on in its place; where no file can be opened at the start, memory serves until one can; a disk that begins to
 * refuse is tried again. Calls throw `BufferError`.
 */
export class Store {
  readonly #options: StoreOptions;
  readonly #deps: StoreDeps;
  #core: BufferCore | undefined;
  #kind: StorageState['kind'] = 'disk';
  #fault: BufferError | undefined;
  #setAside: SetAside | undefined;
  #known: Known = { points: [], directory: undefined, signer: undefined, clock: undefined };
  #epoch = '';
  #triedAt: number;
  #notedTo = 0;
  #waiting: readonly Waiting[] = [];

  constructor(options: StoreOptions, deps: StoreDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#triedAt = deps.monotonic();
    try {
      this.#openFile();
    } catch (error) {
      const fault = asBufferError(error);
      if (fault.code !== 'io' && fault.code !== 'full') throw fault;
      this.#openMemory(fault);
    }
  }

  get epoch(): string {
    return this.#epoch;
  }

  get kind(): StorageState['kind'] {
    return this.#kind;
  }

  get fault(): string | undefined {
    return this.#fault?.message;
  }

  get setAside(): SetAside | undefined {
    return this.#setAside;
  }

  setSigner(key: SigningKey): void {
    this.run((core) => core.setSigner(key));
    this.#known.signer = key;
  }

  definePoints(points: readonly BufferPoint[]): ReadonlyMap<string, number> {
    const numbers = this.run((core) => core.definePoints(points));
    this.#known.points = this.run((core) => core.pointRows());
    return numbers;
  }

  useDirectory(hash: Uint8Array, bytes: Uint8Array): void {
    this.#known.directory = { hash, bytes };
    this.run((core) => core.useDirectory(hash, bytes));
  }

  synchronise(boot: string, known: KnownClock): void {
    this.run((core) => core.synchronise(boot, known));
    this.#known.clock = { boot, known };
  }

  /** Lets readings wait for the next commit; `done` is told what became of them. */
  append(readings: readonly NewReading[], done: Waiting['done']): number {
    return this.run((core) => {
      core.append(readings, done);
      return core.waiting.rows;
    });
  }

  /** Stores what waits, or tells those who wait why not; gives that error. */
  commit(): BufferError | undefined {
    this.retry('due');
    try {
      this.run((core) => core.commit());
      this.#recovered();
      return undefined;
    } catch (error) {
      const fault = asBufferError(error);
      for (const { done } of this.#core?.waiting.take() ?? this.#waiting) done(fault);
      this.#waiting = [];
      return fault;
    }
  }

  /** Runs one call; where it meets damage, again on the file that takes the place of the damaged one. */
  run<Result>(call: (core: BufferCore) => Result): Result {
    // a disk that could not even be opened when it was tried again: nothing waits, so that no commit would try it
    if (this.#core === undefined) this.retry('due');
    const core = this.#core;
    if (core === undefined) throw this.#fault ?? new BufferError('io', 'The buffer cannot be opened.');
    try {
      return call(core);
    } catch (error) {
      const fault = asBufferError(error);
      if (fault.code === 'damaged' && this.#kind !== 'memory') {
        this.#replace(core, fault.message);
        if (this.#core !== undefined) return call(this.#core);
      }
      if (fault.code === 'io' || fault.code === 'full') this.#refused(fault);
      throw fault;
    }
  }

  /** Sets the file aside, to be saved like a damaged one; `false` where that epoch is not the one that goes on. */
  renew(epoch: string, reason: string): boolean {
    if (this.#core?.epoch !== epoch || this.#kind !== 'disk') return false;
    this.#replace(this.#core, reason);
    return true;
  }

  /** Tries the disk again, if it refused; `due`: a while ago. */
  retry(when: 'due' | 'now'): void {
    if (this.#kind === 'disk') return;
    const waitMs = when === 'now' ? 0 : this.#options.retryMs;
    if (this.#deps.monotonic() - this.#triedAt < waitMs) return;
    this.#triedAt = this.#deps.monotonic();
    try {
      if (this.#kind === 'memory') this.#moveToDisk();
      else this.#reopen();
    } catch (error) {
      this.#fault = asBufferError(error);
    }
  }

  close(): void {
    this.retry('now');
    this.commit();
    this.#core?.close();
    this.#core = undefined;
    this.#fault = new BufferError('closed', 'The buffer is closed.');
  }

  #openFile(): void {
    const { path, capBytes } = this.#options;
    const opened = openFile(path, capBytes, this.#deps);
    this.#setAside = opened.setAside ?? this.#setAside;
    try {
      this.#take(opened.database);
    } catch (error) {
      opened.database.close();
      const fault = asBufferError(error);
      // a new file has no damage: where it does, the disk is no good
      if (fault.code !== 'damaged' || opened.setAside !== undefined) throw fault;
      this.#setAside = { path: setAside(path, this.#deps.now()), reason: fault.message };
      this.#take(openPrepared(path, capBytes, this.#deps));
    }
    this.#kind = 'disk';
    this.#fault = undefined;
    this.#note();
  }

  #openMemory(fault: BufferError): void {
    this.#take(openPrepared(':memory:', MEMORY_BYTES, this.#deps));
    this.#kind = 'memory';
    this.#fault = fault;
  }

  /** Goes on with a database, told what the one before knew. */
  #take(database: Database): void {
    const { graceMs, historyBytes, historyMs } = this.#options;
    const core = new BufferCore({
      ...this.#deps,
      database,
      graceMs,
      historyBytes,
      historyMs,
      beforeCommit: (ordinal) => this.#noteAt(ordinal),
    });
    this.#core = core;
    this.#epoch = core.epoch;
    this.#notedTo = 0;
    const { points, directory, signer, clock } = this.#known;
    if (core.pointRows().length === 0 && points.length > 0) core.restorePoints(points);
    if (directory !== undefined) core.useDirectory(directory.hash, directory.bytes);
    if (signer !== undefined) core.setSigner(signer);
    if (clock !== undefined) core.synchronise(clock.boot, clock.known);
    core.waiting.give(this.#waiting);
    this.#waiting = [];
  }

  /** The file is set aside, and another goes on. */
  #replace(core: BufferCore, reason: string): void {
    const { path } = this.#options;
    this.#drop(core);
    try {
      this.#setAside = { path: setAside(path, this.#deps.now()), reason };
      this.#openFile();
    } catch (error) {
      this.#openMemory(asBufferError(error));
    }
  }

  /** Lets go of a core; what waits for its commit waits for the next. */
  #drop(core: BufferCore): void {
    this.#waiting = core.waiting.take();
    this.#core = undefined;
    core.abandon();
  }

  #refused(fault: BufferError): void {
    if (this.#kind === 'memory') return;
    if (this.#kind === 'disk') this.#triedAt = this.#deps.monotonic();
    this.#kind = 'refusing';
    this.#fault = fault;
  }

  #recovered(): void {
    if (this.#kind !== 'refusing') return;
    this.#kind = 'disk';
    this.#fault = undefined;
  }

  /** A connection that met an error of the disk may go on meeting it: the file is opened anew. */
  #reopen(): void {
    if (this.#core !== undefined) this.#drop(this.#core);
    this.#openFile();
    this.#kind = 'refusing';
  }

  /** What is in memory becomes the file; one that could not be opened is set aside, to be saved like a damaged one. */
  #moveToDisk(): void {
    const { path, capBytes } = this.#options;
    const fresh = `${path}.fresh`;
    rmSync(fresh, { force: true });
    this.#core?.writeTo(fresh);
    syncFile(fresh);
    setAside(path, this.#deps.now());
    renameSync(fresh, path);
    const memory = this.#core;
    if (memory !== undefined) this.#drop(memory);
    try {
      this.#take(openPrepared(path, capBytes, this.#deps));
    } catch (error) {
      // nothing of what was in memory is lost: it lies in the file now, and is opened with the next try
      this.#kind = 'refusing';
      throw error;
    }
    this.#kind = 'disk';
    this.#fault = undefined;
    this.#note();
  }

  #noteAt(ordinal: number): void {
    if (this.#kind !== 'memory' && ordinal > this.#notedTo) this.#note();
  }

  /** A disk that takes no note now takes it with a later commit. */
  #note(): void {
    const core = this.#core;
    if (core === undefined) return;
    const { lastOrdinal, unsettled } = core.extent();
    try {
      writeNote(this.#options.path, {
        epoch: core.epoch,
        ordinals: lastOrdinal + NOTE_EVERY,
        unsettled: unsettled + NOTE_EVERY,
      });
      this.#notedTo = lastOrdinal + NOTE_EVERY;
    } catch {
      this.#notedTo = 0;
    }
  }
}
