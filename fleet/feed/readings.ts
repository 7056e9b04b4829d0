import { openBody, parseBatch } from '#wire/batch.js';
import type { LogEntry } from '../store/log-store.js';
import { scopeWithin } from './classes.js';
import type { FeedCall, FeedDeps, FeedReading, Leg, Told } from './feed.js';

/** Later than its time by more than this is late, as in the ledger of a gateway. */
const LATE_MS = 900_000;

/** Tells what one batch gives under a delay and not under a shorter one. */
export const tellReadings = async (
  { views, now }: FeedDeps,
  { scope, note }: FeedCall,
  { message, receivedAt }: LogEntry,
  { delay, sooner }: Leg,
  { readings: told }: Told,
): Promise<void> => {
  const parsed = parseBatch(message);
  const { source, epoch, directory, content, recalled = false } = parsed.header;
  if (content !== 'readings') return;
  const body = openBody(parsed);
  if (body.content !== 'readings') return;
  const points = await views.pointsIn(source, directory);
  const given = scopeWithin(scope, delay, receivedAt);
  const before = sooner === undefined ? undefined : scopeWithin(scope, sooner, receivedAt);
  for (const { point, readings } of body.columns) {
    const pointId = points.get(point);
    if (pointId === undefined) continue;
    const places = readings.map(({ time, ordinal }) => [time, ordinal] as const);
    const asked = { pointId, source, epoch, places };
    const toldSooner = new Set(
      before === undefined
        ? []
        : (await views.readingsOf(before, now(), asked)).map(({ ordinal }) => ordinal),
    );
    const rows = (await views.readingsOf(given, now(), asked)).filter(({ ordinal, time }) => {
      return !toldSooner.has(ordinal) && (delay === 0 || time < now() - delay);
    });
    if (rows.length > 0) note({ pointId, times: rows.map(({ time }) => time), resolutionMs: 0 });
    for (const row of rows) {
      const item: FeedReading = {
        pointId,
        row,
        receivedAt,
        late: receivedAt - row.time > LATE_MS,
        recalled,
      };
      told.push(item);
    }
  }
};
