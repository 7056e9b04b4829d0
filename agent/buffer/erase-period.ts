import { setImmediate as turn } from 'node:timers/promises';
import type { Erased, ErasedPeriod } from './buffer.js';
import type { EraseHistory } from './erase-history.js';
import { filesAside, filesSaved, removeAside } from './open-file.js';
import type { Store } from './store.js';

/** Takes a period out of the local history, step by step, so that other calls come between. */
export const erasePeriod = async (
  store: Store,
  path: string,
  period: ErasedPeriod,
  closed: () => boolean,
): Promise<Erased> => {
  const step = <Result>(part: (erase: EraseHistory) => Result): Result =>
    store.run((core) => core.eraseHistory(part));
  const each = async (part: 'batch' | 'segment'): Promise<number> => {
    let total = 0;
    for (let after = Number.MIN_SAFE_INTEGER; !closed(); await turn()) {
      const from = after;
      const done = step((erase) => erase[part](period, from));
      if (done === undefined) break;
      after = done.after;
      total += done.found;
    }
    return total;
  };
  while (!closed() && step((erase) => erase.settle())) await turn();
  const [batches, readings] = [await each('batch'), await each('segment')];
  const saved = filesSaved(path);
  for (const file of saved) removeAside(file);
  store.run((core) => core.overwriteFreed());
  const left = step((erase) => erase.left(period));
  return { batches, readings, files: saved.length, left: { ...left, files: filesAside(path).length } };
};
