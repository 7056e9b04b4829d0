import type { Verdict } from './checker.js';
import type { Edit } from './programs.js';

/** A build that is broken on purpose; the fault test must find it. */
export interface Mutant {
  readonly breaks: string;
  readonly edits: readonly Edit[];
  /** The fault by which it is found out. */
  readonly found: RegExp;
}

export interface FaultSettings {
  /** An empty folder. */
  readonly folder: string;
  readonly cycles: number;
  /** Of every choice. */
  readonly seed: number;
  readonly edits: readonly Edit[];
  /** Intervals as short as they may be, so that a few cycles end in seconds. */
  readonly quick: boolean;
  /** Is told how far it is. */
  readonly progress: (cycle: number, text: string) => void;
}

/** One way of attacking the two programs, and the builds that must not survive it. */
export interface FaultTest {
  readonly cycles: number;
  readonly mutants: Readonly<Record<string, Mutant>>;
  run(settings: FaultSettings): Promise<Verdict>;
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** One of these. */
export const pick = <Choice>(random: () => number, choices: readonly [Choice, ...Choice[]]): Choice =>
  choices[Math.floor(random() * choices.length)] ?? choices[0];

/** Verdicts of several judgements of one site as one. */
export const withFaults = (verdict: Verdict, faults: readonly string[]): Verdict => ({
  ...verdict,
  faults: [...faults, ...verdict.faults],
});
