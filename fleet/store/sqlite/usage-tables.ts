import type { Usage, UsageQuery, UsageStore, UsageSum, Use } from '../usage-store.js';
import type { Database } from './database.js';
import { createTrailTables } from './trail-tables.js';

interface OpenRow {
  readonly hour: number;
  readonly use: string;
  readonly reads: number;
  readonly readings: number;
}

/** The usage ledger over `USAGE_SCHEMA`. */
export const createUsageTables = (database: Database): UsageStore => {
  const trails = createTrailTables(database, 'usage');
  const add = database.prepare<[OpenRow]>(
    `insert into usage_open (hour, use, reads, readings) values (@hour, @use, @reads, @readings)
     on conflict (hour, use) do update set reads = reads + excluded.reads, readings = readings + excluded.readings`,
  );
  const ended = database.prepare<[number], OpenRow>(
    'select hour, use, reads, readings from usage_open where hour < ? order by hour, use',
  );
  const remove = database.prepare<[number]>('delete from usage_open where hour < ?');
  const count = database.transaction((usages: readonly Usage[]) => {
    for (const { hour, reads, readings, ...use } of usages) {
      add.run({ hour, use: JSON.stringify(use), reads, readings });
    }
  });
  const seal = database.transaction((before: number, append: Parameters<UsageStore['seal']>[1]) => {
    const rows = ended.all(before);
    for (const { use, ...volume } of rows) {
      const { trail, make } = append({ ...(JSON.parse(use) as Use), ...volume });
      trails.append(trail, make);
    }
    if (rows.length > 0) remove.run(before);
    return rows.length;
  });
  return {
    ...trails,
    count: (usages) => count.immediate(usages),
    seal: (before, append) => seal.immediate(before, append),
    sums: createSums(database),
  };
};

/** What rows are told apart by beside who gave and who read. */
const KEYS: Readonly<Record<UsageQuery['by'], readonly string[]>> = {
  month: ['month', 'agreement_id', 'purpose', 'dataset_id'],
  agreement: ['agreement_id'],
  purpose: ['purpose'],
  dataset: ['dataset_id'],
};
const ALL_KEYS = KEYS.month;

const OPEN = (field: string): string => `use ->> '$.${field}'`;

/** To a giver whoever read an open dataset is the public: no agreement made them known. */
const READER = { giver: 'iif(agreement_id is null, null, reader)', reader: 'reader' } as const;

const sumsSql = (side: UsageQuery['side'], by: UsageQuery['by']): string => {
  const shown = ALL_KEYS.map((key) => (KEYS[by].includes(key) ? key : `null as ${key}`));
  return `with asked (id) as materialized (select value from json_each(@organisations)),
  months (month, "from", "to") as materialized (
    select value ->> 'name', value ->> 'from', value ->> 'to' from json_each(@months)
  ), used (hour, giver, reader, agreement_id, purpose, dataset_id, reads, readings) as (
    select c.hour, c.giver, c.reader, c.agreement_id, c.purpose, c.dataset_id, c.reads, c.readings
    from asked join usage_content c on c.${side} = asked.id
    where c.hour >= @from and c.hour < @to
    union all
    select hour, ${['giver', 'reader', 'agreementId', 'purpose', 'datasetId'].map(OPEN).join(', ')}, reads, readings
    from usage_open where ${OPEN(side)} in (select id from asked) and hour >= @from and hour < @to
  ), told (month, giver, reader, agreement_id, purpose, dataset_id, reads, readings) as (
    select m.month, giver, ${READER[side]}, agreement_id, purpose, dataset_id, reads, readings
    from used join months m on hour >= m."from" and hour < m."to"
  )
  select ${shown.join(', ')}, giver, reader, sum(reads) as reads, sum(readings) as readings
  from told group by ${[...KEYS[by], 'giver', 'reader'].map((key) => `told.${key}`).join(', ')}
  order by ${[...KEYS[by], 'giver', 'reader'].map((key) => `told.${key}`).join(', ')}`;
};

interface SumRow {
  readonly month: string | null;
  readonly agreement_id: string | null;
  readonly purpose: string | null;
  readonly dataset_id: string | null;
  readonly giver: string;
  readonly reader: string | null;
  readonly reads: number;
  readonly readings: number;
}

const createSums =
  (database: Database): UsageStore['sums'] =>
  ({ side, organisations, by, months }) => {
    const [first, last] = [months[0], months.at(-1)];
    if (first === undefined || last === undefined) return [];
    return database
      .prepare<[{ organisations: string; months: string; from: number; to: number }], SumRow>(
        sumsSql(side, by),
      )
      .all({
        organisations: JSON.stringify(organisations),
        months: JSON.stringify(months),
        from: first.from,
        to: last.to,
      })
      .map(({ agreement_id: agreementId, dataset_id: datasetId, ...row }): UsageSum => ({
        ...row,
        agreementId,
        datasetId,
      }));
  };
