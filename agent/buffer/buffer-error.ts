export type BufferErrorCode =
  /** A reading, point or key that the buffer cannot keep; nothing of the call was stored. */
  | 'invalid'
  /** Another process has the file open. */
  | 'busy'
  | 'full'
  | 'io'
  /** The file was readable at the start and is no longer. */
  | 'damaged'
  | 'closed'
  /** The buffer's thread ended. */
  | 'thread'
  | 'timeout';

const RETRYABLE: readonly BufferErrorCode[] = ['busy', 'full', 'io', 'timeout'];

/** The one error of the buffer. */
export class BufferError extends Error {
  readonly code: BufferErrorCode;
  readonly retryable: boolean;

  constructor(code: BufferErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'BufferError';
    this.code = code;
    this.retryable = RETRYABLE.includes(code);
  }
}

/** What SQLite said (`SQLITE_FULL`, `SQLITE_IOERR_FSYNC`, ...), or `undefined` for any other error. */
export const sqliteCode = (error: unknown): string | undefined =>
  error instanceof Error &&
  'code' in error &&
  typeof error.code === 'string' &&
  error.code.startsWith('SQLITE_')
    ? error.code
    : undefined;

/** What the system said (`ENOSPC`, `EROFS`, `EIO`, ...), or `undefined` for any other error. */
const systemCode = (error: unknown): string | undefined =>
  error instanceof Error && 'syscall' in error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;

const meaningOf = (code: string): readonly [BufferErrorCode, string] => {
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED'))
    return ['busy', 'Another process has the buffer open; stop it first.'];
  if (code === 'SQLITE_FULL' || code === 'ENOSPC' || code === 'EDQUOT')
    return ['full', 'The disk is full; free some space, nothing stored was lost.'];
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT'))
    return ['damaged', 'The buffer file is damaged; restart the agent, which sets it aside.'];
  return ['io', `The buffer cannot be written (${code}); check the disk.`];
};

/** Any error as a `BufferError`. */
export const asBufferError = (error: unknown): BufferError => {
  if (error instanceof BufferError) return error;
  const code = sqliteCode(error) ?? systemCode(error);
  if (code === undefined) {
    return new BufferError('invalid', error instanceof Error ? error.message : String(error), error);
  }
  const [meaning, message] = meaningOf(code);
  return new BufferError(meaning, message, error);
};
