import type { ViewsStep, ViewsWriter } from '../views-writer.js';
import type { AtOnce } from './at-once.js';
import type { Database } from './database.js';

type ReplayPart = AtOnce<Pick<ViewsWriter, 'erasures' | 'replay' | 'beginReplay'>> & {
  putReplay(replay: ViewsStep['replay']): void;
};

/** Where the projections are with erasures of the log, beside their cursor; no fence: all is written inside theirs. */
export const ERASURES = 'erasures';
export const REPLAY = 'replay';

/** Those that were asked for, and whoever had the same points: a device that moved has rows of two gateways. */
const CLOSURE = `with recursive reached(source) as (
    select value from json_each(?)
    union
    select other.source from reached r
    join directory d on d.source = r.source
    join directory_point p on p.directory = d.number
    join directory_point same on same.point = p.point
    join directory other on other.number = same.directory)
  insert or ignore into replay (source) select source from reached`;

const OF_POINTS = ['series', 'latest', 'carry', 'rollup'];
const OF_ORIGINS = ['ledger_day', 'loss', 'batch_rows', 'batch_windows'];
const OF_SOURCES = ['waiting', 'quarantine'];

/** Numbers of origins stay: rows carry them, and a rebuild gives them in the same order. */
const RESET_ORIGINS = `update origin set batches = 0, readings = 0, windows = 0, loss_records = 0, erased = 0,
    held_back = 0, late = 0, quarantined = 0, quarantined_rows = 0, lost = 0, lost_rows = 0, lost_is_bound = 0,
    covered = '[]', lost_seqs = '[]', last_ordinal = 0
  where source in (select source from replay)`;

/** Making rows of some sources anew, as a whole, while those of all others stand. */
export const createReplayTables = (database: Database): ReplayPart => {
  const position = database
    .prepare<[string], number>('select position from cursor where projection = ? and shard = 0')
    .pluck();
  const move = database.prepare<[string, number]>(
    `insert into cursor (projection, shard, position, fence) values (?, 0, ?, 0)
     on conflict do update set position = excluded.position`,
  );
  const sources = database.prepare<[], string>('select source from replay').pluck();
  const add = database.prepare<[string]>(CLOSURE);
  return {
    erasures: () => position.get(ERASURES) ?? 0,
    replay: () => {
      const all = sources.all();
      if (all.length === 0) return undefined;
      return { sources: new Set(all), position: position.get(REPLAY) ?? 0 };
    },
    beginReplay: (asked, erasures) => {
      add.run(JSON.stringify(asked));
      for (const statement of removing()) database.exec(statement);
      move.run(REPLAY, 0);
      move.run(ERASURES, erasures);
    },
    putReplay: (replay) => {
      if (replay === 'ended') database.exec('delete from replay');
      else if (replay !== undefined) move.run(REPLAY, replay);
    },
  };
};

const removing = (): readonly string[] => {
  const ofSource = 'source in (select source from replay)';
  const points = `select p.point from directory_point p join directory d on d.number = p.directory
    where d.${ofSource}`;
  return [
    ...OF_POINTS.map((table) => `delete from ${table} where point in (${points})`),
    ...OF_ORIGINS.map(
      (table) => `delete from ${table} where origin in (select number from origin where ${ofSource})`,
    ),
    ...OF_SOURCES.map((table) => `delete from ${table} where ${ofSource}`),
    RESET_ORIGINS,
    // as for a rebuild: what the registry answered stays, faults are tried again
    `delete from directory where fault is not null and ${ofSource}`,
    `update directory set seen = 0 where ${ofSource}`,
  ];
};
