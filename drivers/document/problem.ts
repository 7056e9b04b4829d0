/** One thing wrong in a file that people write, said so that they can mend it. */
export interface Problem {
  readonly file: string;
  /** From 1; 0 where the file has no such place. */
  readonly line: number;
  readonly column: number;
  /** Dotted path of the key, for example `devices.meter.interval`; empty for the whole file. */
  readonly key: string;
  readonly message: string;
  /** What would be accepted, nearest to what was written first. */
  readonly accepted?: readonly string[];
}

/** `file:line:column key: message (accepted: a, b)`. */
export const renderProblem = (problem: Problem): string => {
  const place = problem.line === 0 ? problem.file : `${problem.file}:${problem.line}:${problem.column}`;
  const accepted = problem.accepted?.length ? ` (accepted: ${problem.accepted.join(', ')})` : '';
  return `${place}${problem.key === '' ? '' : ` ${problem.key}`}: ${problem.message}${accepted}`;
};
