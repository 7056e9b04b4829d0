/** The door turned a message away; the session that sent it ends. */
export class DoorError extends Error {
  override readonly name = 'DoorError';
  readonly code = 'malformed';
  readonly retryable = false;
}
