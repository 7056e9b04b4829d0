/**
 * A signal that aborts with `signal`, and after `ms` with a `TimeoutError`; it keeps no program alive. In place of
 * `AbortSignal.any([signal, AbortSignal.timeout(ms)])`, which Node 20 forgets: nothing holds the inner signal, so that it
 * is collected as garbage and never fires (tests/drivers/time-limit.test.ts).
 */
export const timeLimit = (signal: AbortSignal, ms: number): AbortSignal => {
  const over = new AbortController();
  const late = (): void => over.abort(new DOMException(`The time of ${ms} ms is over.`, 'TimeoutError'));
  setTimeout(late, ms).unref();
  return AbortSignal.any([signal, over.signal]);
};
