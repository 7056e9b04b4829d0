import { openBody, parseBatch } from '#wire/batch.js';
import { openLogReader } from '../../fleet/store/sqlite/log-reader.js';

const READ_ENTRIES = 200;
const READ_BYTES = 4 * 1024 * 1024;

/**
 * The values of one log that were read by meters from now on. Of a backlog that comes meanwhile only the headers are looked
 * at, and no look takes longer than a bounded number of batches does: the meter and the link live in the same process.
 */
export class NewReadings {
  readonly #path: string;
  readonly #from: number;
  #position: number;

  private constructor(logPath: string, from: number, position: number) {
    this.#path = logPath;
    this.#from = from;
    this.#position = position;
  }

  /** `from`: UTC ms; batches whose last reading is older are passed over. */
  static async open(logPath: string, from: number): Promise<NewReadings> {
    const reader = openLogReader(logPath);
    try {
      return new NewReadings(logPath, from, await reader.head());
    } finally {
      await reader.close();
    }
  }

  /** Values of the batches that came since the last look, oldest batch first. */
  async look(): Promise<readonly number[]> {
    const reader = openLogReader(this.#path);
    try {
      const entries = await reader.read(this.#position, READ_ENTRIES, READ_BYTES);
      this.#position = entries.at(-1)?.position ?? this.#position;
      return entries.flatMap(({ type, message }) => (type === 'batch' ? this.#valuesOf(message) : []));
    } finally {
      await reader.close();
    }
  }

  #valuesOf(message: Uint8Array): readonly number[] {
    const parsed = parseBatch(message);
    if (parsed.header.content !== 'readings' || parsed.header.lastTime < this.#from) return [];
    const body = openBody(parsed);
    if (body.content !== 'readings') return [];
    return body.columns.flatMap(({ readings }) =>
      readings.flatMap(({ value }) => (value === null ? [] : [Number(value)])),
    );
  }
}
