/** A backup cannot be made or restored; `code` says why. */
export class BackupError extends Error {
  override readonly name = 'BackupError';
  readonly code: 'not-empty' | 'no-fleet' | 'incomplete' | 'damaged' | 'incoherent';
  readonly retryable = false;

  constructor(code: BackupError['code'], message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
