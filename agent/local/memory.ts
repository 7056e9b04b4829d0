import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Garbage that may gather in a thread before it is collected, bytes, or as a share of what is in use. */
const GARBAGE_BYTES = 2 * 1024 * 1024;
const GARBAGE_SHARE = 0.2;

export interface CollectingTimes {
  readonly lookEveryMs: number;
  /** V8 compacts by itself what starting left behind, 8 s after its last full collection: none of ours before. */
  readonly startMs: number;
}

const TIMES: CollectingTimes = { lookEveryMs: 1_000, startMs: 12_000 };

/**
 * Keeps the process small at the price of some speed, which a gateway has to spare; call it before anything of
 * weight is loaded and before a thread is started, and again after: V8 sets the young generation's growth back
 * with each thread. Young generations stay at their first size, old ones grow little before they are collected,
 * and nothing is compiled for speed: the compiler's own memory is larger than what it compiles. Figures in the
 * agent's README.
 */
export const keepMemorySmall = (): void => {
  for (const flag of [
    '--semi-space-growth-factor=1',
    '--heap-growing-percent=20',
    '--optimize-for-size',
    '--no-opt',
    '--expose-gc',
  ]) {
    setFlagsFromString(flag);
  }
};

/** Without arguments it collects everything: the options of later versions are a young collection to Node 20. */
type Collect = () => void;

const isCollect = (value: unknown): value is Collect => typeof value === 'function';

/** V8's collector: global in threads that start after `keepMemorySmall`, in the main thread found by a new context. */
const findCollect = (): Collect | undefined => {
  const collect: unknown = globalThis.gc ?? runInNewContext('globalThis.gc');
  return isCollect(collect) ? collect : undefined;
};

/**
 * Collects this thread's garbage before V8 would, which lets a small heap grow by 8 MB first, whatever its flags.
 * Does nothing unless `keepMemorySmall` came before. Gives what stops it.
 */
export const keepCollecting = ({ lookEveryMs, startMs }: CollectingTimes = TIMES): (() => void) => {
  const collect = findCollect();
  if (collect === undefined) return () => undefined;
  let inUse = 0;
  const look = (): void => {
    const garbage = getHeapStatistics().used_heap_size - inUse;
    if (garbage < Math.max(GARBAGE_BYTES, inUse * GARBAGE_SHARE)) return;
    collect();
    inUse = getHeapStatistics().used_heap_size;
  };
  let timer = setTimeout(() => {
    timer = setInterval(look, lookEveryMs).unref();
  }, startMs).unref();
  return () => clearTimeout(timer);
};
