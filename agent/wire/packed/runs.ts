import { WireError } from '../errors.js';
import type { ByteReader } from './byte-reader.js';
import type { ByteWriter } from './byte-writer.js';

/** Stretches of neighbouring places that have the same mark. Places between runs have the default. */
export interface Run<Mark> {
  readonly start: number;
  end: number;
  readonly mark: Mark;
}

/** Finds the runs of `count` places; `markAt` gives `undefined` for the default. */
export const findRuns = <Mark>(
  count: number,
  markAt: (index: number) => Mark | undefined,
  same: (a: Mark, b: Mark) => boolean,
): Run<Mark>[] => {
  const runs: Run<Mark>[] = [];
  let open: Run<Mark> | undefined;
  for (let index = 0; index < count; index += 1) {
    const mark = markAt(index);
    if (mark === undefined) {
      open = undefined;
    } else if (open !== undefined && same(open.mark, mark)) {
      open.end = index + 1;
    } else {
      open = { start: index, end: index + 1, mark };
      runs.push(open);
    }
  }
  return runs;
};

/** Writes a count, then per run the gap before it, its length, and its mark. */
export const writeRuns = <Mark>(
  writer: ByteWriter,
  runs: readonly Run<Mark>[],
  writeMark: (mark: Mark) => void,
): void => {
  writer.varint(runs.length);
  let end = 0;
  for (const run of runs) {
    writer.varint(run.start - end);
    writer.varint(run.end - run.start);
    writeMark(run.mark);
    end = run.end;
  }
};

/** Reads runs over `count` places. Throws `WireError` where one is empty or leaves them. */
export const readRuns = <Mark>(reader: ByteReader, count: number, readMark: () => Mark): Run<Mark>[] => {
  const size = reader.varint();
  if (size > count) throw new WireError('malformed', 'more runs than values');
  reader.reserve(size);
  const runs: Run<Mark>[] = [];
  let at = 0;
  for (let index = 0; index < size; index += 1) {
    const start = at + reader.varint();
    at = start + reader.varint();
    if (at === start || at > count) throw new WireError('malformed', 'a run is empty or leaves its column');
    runs.push({ start, end: at, mark: readMark() });
  }
  return runs;
};
