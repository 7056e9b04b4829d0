/** What a section of a line instrument says wrong. Messages are predicates of the text, as in "x is no number". */
export class LineError extends Error {
  readonly code: 'pattern' | 'escape' | 'section';
  readonly retryable = false;

  constructor(code: LineError['code'], message: string) {
    super(message);
    this.name = 'LineError';
    this.code = code;
  }
}
