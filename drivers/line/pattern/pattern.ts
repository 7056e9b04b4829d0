import { parsePattern, type ParsedPattern } from './parse-pattern.js';
import { compile, type Step } from './program.js';

/** A regular expression that matches whole lines in time linear in their length, whatever it and they are. */
export interface Pattern extends ParsedPattern {
  /** What each group held; groups that took no part are left out. `undefined`: the line does not match. */
  match(text: string): ReadonlyMap<string, string> | undefined;
}

const NOWHERE = -1;
type Slots = Int32Array;

/** The ways that are alive at one place in the text, the preferred one first, each step at most once. */
class Ways {
  readonly steps: number[] = [];
  readonly slots: Slots[] = [];
  readonly #program: readonly Step[];
  readonly #seen: Uint32Array;
  #generation = 0;

  constructor(program: readonly Step[]) {
    this.#program = program;
    this.#seen = new Uint32Array(program.length);
  }

  clear(): void {
    this.steps.length = 0;
    this.slots.length = 0;
    this.#generation++;
  }

  /** Follows a way to the characters it could take next. */
  follow(from: number, held: Slots, place: number): void {
    const waiting: [number, Slots][] = [[from, held]];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const [at, slots] = next;
      if (this.#seen[at] === this.#generation) continue;
      this.#seen[at] = this.#generation;
      const step = this.#program[at];
      if (step === undefined) continue;
      if (step.do === 'jump') waiting.push([step.to, slots]);
      else if (step.do === 'fork') waiting.push([step.second, slots], [step.first, slots]);
      else if (step.do === 'note') waiting.push([at + 1, slots.with(step.slot, place)]);
      else if (step.do === 'forget') waiting.push([at + 1, slots.slice().fill(NOWHERE, step.from, step.to)]);
      else {
        this.steps.push(at);
        this.slots.push(slots);
      }
    }
  }
}

const run = (program: readonly Step[], slotCount: number, text: string): Slots | undefined => {
  let now = new Ways(program);
  let next = new Ways(program);
  now.clear();
  now.follow(0, new Int32Array(slotCount).fill(NOWHERE), 0);
  for (let place = 0; place < text.length; place++) {
    const code = text.charCodeAt(place);
    next.clear();
    now.steps.forEach((at, index) => {
      const step = program[at];
      const slots = now.slots[index];
      if (step?.do === 'take' && slots !== undefined && step.set[code] === 1)
        next.follow(at + 1, slots, place + 1);
    });
    [now, next] = [next, now];
    if (now.steps.length === 0) return undefined;
  }
  const accepted = now.steps.findIndex((at) => program[at]?.do === 'accept');
  return now.slots[accepted];
};

/** Makes a parsed pattern ready to match. Throws a `LineError` where it is too large. */
export const patternOf = (parsed: ParsedPattern): Pattern => {
  const program = compile(parsed);
  const { names } = parsed;
  return {
    ...parsed,
    match: (text) => {
      const slots = run(program, 2 * names.length, text);
      if (slots === undefined) return undefined;
      const groups = names.flatMap((name, index): [string, string][] => {
        const [from = NOWHERE, to = NOWHERE] = slots.subarray(2 * index);
        return from === NOWHERE || to === NOWHERE ? [] : [[name, text.slice(from, to)]];
      });
      return new Map(groups);
    },
  };
};

/** Reads a pattern and makes it ready. Throws a `LineError` that says what is wrong with it. */
export const createPattern = (text: string): Pattern => patternOf(parsePattern(text));
