import { renderProblem } from '../../drivers/document/problem.js';
import type { Problem } from '../../drivers/document/problem.js';

/** A configuration or catalogue that cannot be used. `problems` says all that is wrong, each with file, line, key. */
export class ConfigurationError extends Error {
  readonly code: 'unreadable' | 'invalid';
  readonly problems: readonly Problem[];
  readonly retryable = false;

  constructor(code: ConfigurationError['code'], problems: readonly Problem[], options?: ErrorOptions) {
    super(problems.map(renderProblem).join('\n'), options);
    this.name = 'ConfigurationError';
    this.code = code;
    this.problems = problems;
  }
}
