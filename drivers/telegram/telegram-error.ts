/** Why bytes are no telegram. */
export class TelegramError extends Error {
  readonly code: 'checksum' | 'frame' | 'decode' | 'encrypted';
  readonly retryable = true;

  constructor(code: TelegramError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TelegramError';
    this.code = code;
  }
}
