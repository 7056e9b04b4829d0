import { openBody, parseBatch } from '#wire/batch.js';
import { decodeDirectory } from '#wire/directory-codec.js';
import type { Loss } from '#wire/windows.js';
import { openLogReader } from '../../fleet/store/sqlite/log-reader.js';
import type { LogEntry } from '../../fleet/store/log-store.js';

/** One reading as the fleet's log has it. */
export interface HeldReading {
  readonly ordinal: number;
  /** Its number in the directory of that hash (hexadecimal). */
  readonly point: number;
  readonly directory: string;
  readonly value: number | null;
  readonly time: number;
  readonly clock: string;
  readonly uncertaintyMs: number;
}

/** All that the log has of one epoch of a source. */
export interface HeldEpoch {
  readonly epoch: string;
  /** Times that each batch number was stored. */
  readonly batches: Map<number, number>;
  /** By ordinal. */
  readonly readings: Map<number, HeldReading>;
  readonly windows: Set<number>;
  readonly losses: Loss[];
  heldBack: number;
  /** Ordinals that came more than once. */
  readonly doubled: number[];
}

const READ_ENTRIES = 1_000;
const READ_BYTES = 16 * 1024 * 1024;

/** What the fleet holds, read from its log, batch by batch, as it grows. */
export class Held {
  readonly #path: string;
  #epochs = new Map<string, HeldEpoch>();
  #directories = new Map<string, ReadonlyMap<number, string>>();
  #position = 0;

  constructor(logPath: string) {
    this.#path = logPath;
  }

  /** In the order in which they began to arrive. */
  get epochs(): readonly HeldEpoch[] {
    return [...this.#epochs.values()];
  }

  /** Key of the point of a reading, as its directory says; `undefined` while that has not come. */
  keyOf({ directory, point }: HeldReading): string | undefined {
    return this.#directories.get(directory)?.get(point);
  }

  /** Reads from the start again: the log was replaced. */
  forget(): void {
    this.#epochs = new Map();
    this.#directories = new Map();
    this.#position = 0;
  }

  /** Reads what was added; gives the readings of it. */
  async refresh(): Promise<readonly HeldReading[]> {
    const added: HeldReading[] = [];
    const reader = openLogReader(this.#path);
    try {
      for (;;) {
        const entries = await reader.read(this.#position, READ_ENTRIES, READ_BYTES);
        for (const entry of entries) this.#add(entry, added);
        this.#position = entries.at(-1)?.position ?? this.#position;
        if (entries.length === 0) return added;
      }
    } finally {
      await reader.close();
    }
  }

  #add({ type, message }: LogEntry, added: HeldReading[]): void {
    if (type === 'batch') return this.#addBatch(message, added);
    const { directory, hash } = decodeDirectory(message);
    const { points } = directory;
    this.#directories.set(
      Buffer.from(hash).toString('hex'),
      new Map(points.map(({ number, key }) => [number, key])),
    );
  }

  #addBatch(message: Uint8Array, added: HeldReading[]): void {
    const parsed = parseBatch(message);
    const { header } = parsed;
    const held = this.#epochOf(header.epoch);
    held.batches.set(header.seq, (held.batches.get(header.seq) ?? 0) + 1);
    held.heldBack += header.heldBack;
    const body = openBody(parsed);
    if (body.content === 'losses') held.losses.push(...body.losses);
    if (body.content === 'windows') {
      for (const { windows } of body.columns)
        for (const { ordinal } of windows) {
          if (held.windows.has(ordinal)) held.doubled.push(ordinal);
          held.windows.add(ordinal);
        }
    }
    if (body.content !== 'readings') return;
    const directory = Buffer.from(header.directory).toString('hex');
    for (const { point, readings } of body.columns) {
      for (const { ordinal, value, time, clock, uncertaintyMs } of readings) {
        if (held.readings.has(ordinal)) held.doubled.push(ordinal);
        const number = value === null ? null : Number(value);
        const reading = { ordinal, point, directory, value: number, time, clock, uncertaintyMs };
        held.readings.set(ordinal, reading);
        added.push(reading);
      }
    }
  }

  #epochOf(epoch: string): HeldEpoch {
    const known = this.#epochs.get(epoch);
    if (known !== undefined) return known;
    const made: HeldEpoch = {
      epoch,
      batches: new Map(),
      readings: new Map(),
      windows: new Set(),
      losses: [],
      heldBack: 0,
      doubled: [],
    };
    this.#epochs.set(epoch, made);
    return made;
  }
}
