/**
 * Does some work under a signal that aborts with `signal`, and after `ms` with a `TimeoutError`; the timer goes with the work,
 * and keeps no program alive. In place of `AbortSignal.any([signal, AbortSignal.timeout(ms)])`, which Node 20 forgets: nothing
 * holds the inner signal, so that it is collected as garbage and never fires (tests/drivers/time-limit.test.ts).
 */
export const withTimeLimit = async <Result>(
  signal: AbortSignal,
  ms: number,
  work: (limited: AbortSignal) => Promise<Result>,
): Promise<Result> => {
  const over = new AbortController();
  const late = (): void => over.abort(new DOMException(`The time of ${ms} ms is over.`, 'TimeoutError'));
  const timer = setTimeout(late, ms).unref();
  try {
    return await work(AbortSignal.any([signal, over.signal]));
  } finally {
    clearTimeout(timer);
  }
};
