/** A batch or directory that cannot be projected (quarantined with the message as its reason), or the thread's end. */
export class ProjectionError extends Error {
  override readonly name = 'ProjectionError';
  readonly code:
    'point' | 'value' | 'kind' | 'time-zone' | 'directory' | 'unregistered' | 'log-gap' | 'thread-ended';
  readonly retryable = false;

  constructor(code: ProjectionError['code'], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
