import { openToRead } from './migrate.js';
import { ERASURES, REPLAY } from './views-replay.js';
import { VIEWS_MIGRATIONS } from './views-schema.js';

/** How far the projections have come, for a command beside the service that moves them. */
export interface ViewsProgress {
  /** Of the log's entries. */
  position(): number;
  /** Number of the last erasure that is in all rows. */
  erasures(): number;
  /** Of rows that are being made anew: the log entry that was reached. */
  replayed(): number;
  close(): void;
}

/** Opens views.db beside whoever writes it, whose place is not taken. */
export const openViewsProgress = (path: string): ViewsProgress => {
  const database = openToRead(path, VIEWS_MIGRATIONS);
  const position = database
    .prepare<[string], number>('select position from cursor where projection = ? and shard = 0')
    .pluck();
  const replaying = database.prepare<[], number>('select count(*) from replay').pluck();
  return {
    position: () => position.get('readings') ?? 0,
    erasures: () => ((replaying.get() ?? 0) > 0 ? 0 : (position.get(ERASURES) ?? 0)),
    replayed: () => position.get(REPLAY) ?? 0,
    close: () => {
      database.close();
    },
  };
};
