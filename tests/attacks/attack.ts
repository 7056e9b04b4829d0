/** What one attack is told. */
export interface AttackSettings {
  /** An empty folder. */
  readonly folder: string;
  /** How many hostile things are tried; an attack that is bounded by time tries what it can in `seconds`. */
  readonly count: number;
  readonly seconds: number;
  /** Of every choice. */
  readonly seed: number;
  /** Is told how far it is. */
  readonly progress: (done: number, text: string) => void;
}

/** What came of it. */
export interface Verdict {
  /** Leaks, crashes, lockouts: each a sentence; none where every promise held. */
  readonly faults: readonly string[];
  readonly figures: Readonly<Record<string, number>>;
}

/** One way of attacking. Runs on the code as it is shipped, over real sockets. */
export interface Attack {
  /** What is tried, in one line. */
  readonly tries: string;
  /** How many where nobody says. */
  readonly count: number;
  /** How long where nobody says, for an attack that is bounded by time. */
  readonly seconds?: number;
  run(settings: AttackSettings): Promise<Verdict>;
}
