import { readFileSync } from 'node:fs';

const read = (): number | undefined => {
  try {
    const found = /^write_bytes: (\d+)$/m.exec(readFileSync('/proc/thread-self/io', 'utf8'));
    return found?.[1] === undefined ? undefined : Number(found[1]);
  } catch {
    return undefined;
  }
};

/** Bytes that this thread sent to the disk since the call (Linux: proc(5), `write_bytes`); `undefined` where the system does not tell. */
export const countWrittenBytes = (): (() => number | undefined) => {
  const before = read();
  return () => {
    const now = read();
    return before === undefined || now === undefined ? undefined : now - before;
  };
};
