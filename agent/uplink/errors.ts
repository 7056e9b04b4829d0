/** Why there is no way to the fleet, by name; status shows it, and what to do is in this folder's README. */
export type UplinkErrorCode =
  | 'dns' // the fleet's name is not found
  | 'unreachable' // no route, or nothing answers at the address
  | 'refused-connection' // the machine answers, its port does not
  | 'silent' // the port was opened and then says nothing: a portal or firewall that swallows
  | 'not-tls' // something else than TLS answers: a captive portal's page or redirect
  | 'untrusted' // a TLS server that is not our fleet
  | 'certificate-dates' // our fleet, whose certificate is not valid at the time that this gateway knows
  | 'rejected' // the fleet does not take our certificate
  | 'refused' // the broker refused the session
  | 'half-open' // no answer to a question of the connection itself
  | 'closed' // the connection went away
  | 'timeout' // connected, and the fleet does not answer hello
  | 'stalled' // connected, yet no batch is acked
  | 'unexpected';

/** A fault of the way to the fleet. All are retried with back-off; `retryable` is there for callers of one try. */
export class UplinkError extends Error {
  override readonly name = 'UplinkError';
  readonly code: UplinkErrorCode;
  readonly retryable = true;

  constructor(code: UplinkErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.code = code;
  }
}
