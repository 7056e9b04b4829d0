import { Type } from 'typebox';
import { Value } from 'typebox/value';
import type { DurableState } from '../driver.js';

/** What outlives the program, of one line. */
export interface Kept {
  readonly count: bigint;
  readonly lostEdges: number;
  /** Times that the line was not watched. */
  readonly gaps: number;
}

const Text = Type.Object({
  count: Type.String({ pattern: '^-?[0-9]{1,19}$' }),
  lostEdges: Type.Integer(),
  gaps: Type.Integer(),
});

const keyOf = (chip: string, line: number): string => `pulse ${chip} ${line}`;

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Where the count of a line is kept; each text is written once. */
export class KeptCount {
  readonly #state: DurableState | undefined;
  readonly #key: string;
  #text: string | undefined;

  constructor(state: DurableState | undefined, chip: string, line: number) {
    this.#state = state;
    this.#key = keyOf(chip, line);
  }

  /** `undefined`: nothing was kept; `damaged`: something was, and cannot be read. Rejects where the disk fails. */
  async load(): Promise<Kept | 'damaged' | undefined> {
    this.#text = await this.#state?.get(this.#key);
    if (this.#text === undefined) return undefined;
    const kept = parsed(this.#text);
    return Value.Check(Text, kept) ? { ...kept, count: BigInt(kept.count) } : 'damaged';
  }

  /** Resolves once it is on the disk. Rejects where the disk fails. */
  async store({ count, lostEdges, gaps }: Kept): Promise<void> {
    const text = JSON.stringify({ count: count.toString(), lostEdges, gaps });
    if (text === this.#text) return;
    await this.#state?.set(this.#key, text);
    this.#text = text;
  }
}
