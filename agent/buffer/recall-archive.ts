import type { Reading, ReadingColumn } from '#wire/readings.js';
import type { Archive } from './archive.js';
import type { BatchSigner, RecalledPeriod } from './buffer.js';
import type { Directories } from './directories.js';
import type { Sealing } from './sealing.js';

export interface RecallDeps {
  readonly archive: Archive;
  readonly directories: Directories;
  readonly sealing: Sealing;
}

/**
 * Seals what one segment, the next after the ordinal `after`, holds of a period: that leaves the archive and is a
 * batch from then on, so that a reading stays in one place. Gives the segment's ordinal and how many readings that
 * was; `undefined` after the last. Part of a transaction of the caller.
 */
export const recallSegment = (
  { archive, directories, sealing }: RecallDeps,
  { fromMs, toMs, points }: RecalledPeriod,
  after: number,
  signer: BatchSigner,
): { readonly ordinal: number; readonly readings: number } | undefined => {
  const segment = archive.next(after, fromMs, toMs);
  if (segment === undefined) return undefined;
  const isAsked = (column: ReadingColumn, { time }: Reading): boolean =>
    (points === undefined || points.includes(column.point)) && time >= fromMs && time < toMs;
  const first = segment.columns
    .flatMap((column) => column.readings.filter((reading) => isAsked(column, reading)))
    .reduce((least, { ordinal }) => Math.min(least, ordinal), Infinity);
  const directory = first === Infinity ? undefined : directories.at(first);
  if (directory === undefined) return { ordinal: segment.firstOrdinal, readings: 0 };

  const wanted: ReadingColumn[] = [];
  const left: ReadingColumn[] = [];
  let beyond = false;
  for (const column of segment.columns) {
    const asked = column.readings.filter((reading) => isAsked(column, reading));
    const going = asked.filter(({ ordinal }) => ordinal <= directory.until);
    const gone = new Set(going);
    const staying = column.readings.filter((reading) => !gone.has(reading));
    beyond ||= going.length < asked.length;
    if (going.length > 0) wanted.push({ ...column, readings: going });
    if (staying.length > 0) left.push({ ...column, readings: staying });
  }
  archive.replace(segment, left);
  sealing.sealAgain(
    { content: 'readings', columns: wanted },
    { directory: directory.hash, recalled: true },
    signer,
  );
  const readings = wanted.reduce((sum, column) => sum + column.readings.length, 0);
  // what was stored under the next directory is another batch, of the same segment
  return { ordinal: beyond ? segment.firstOrdinal - 1 : segment.firstOrdinal, readings };
};
