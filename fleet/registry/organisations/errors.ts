/** An organisation, site or location cannot be as asked. */
export class OrganisationError extends Error {
  override readonly name = 'OrganisationError';
  /** `invalid`: what was asked is wrong in itself; `unknown`: something it names is not there; others: it does not go with what is there. */
  readonly code: 'invalid' | 'unknown' | 'in-use' | 'conflict' | 'changed-since' | 'not-undoable';
  readonly retryable = false;
  /** Part by part, where much was asked at once. */
  readonly faults: readonly { readonly path: string; readonly message: string }[];

  constructor(code: OrganisationError['code'], message: string, faults: OrganisationError['faults'] = []) {
    super(message);
    this.code = code;
    this.faults = faults;
  }
}
