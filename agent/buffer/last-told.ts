import { asBufferError } from './buffer-error.js';

/** What a file says of itself; while its disk tells nothing, what it said last. */
export class LastTold<Told> {
  readonly #tell: () => Told;
  #last: Told | undefined;

  /** Asks for the first time. */
  constructor(tell: () => Told) {
    this.#tell = tell;
    try {
      this.#last = tell();
    } catch {
      // whoever asks next is told why
    }
  }

  /** Throws where the file is closed, is damaged, or never said anything. */
  get now(): Told {
    try {
      this.#last = this.#tell();
    } catch (error) {
      const { code } = asBufferError(error);
      if (this.#last === undefined || (code !== 'io' && code !== 'full')) throw error;
    }
    return this.#last;
  }
}
