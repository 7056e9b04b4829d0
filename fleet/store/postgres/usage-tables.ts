import type { Usage, UsageQuery, UsageStore, UsageSum, Use } from '../usage-store.js';
import type { RegistryDatabase as Database } from './registry-database.js';
import { createTrailTables } from './trail-tables.js';
import type { Asynchronous } from '../asynchronous.js';

interface OpenRow {
  readonly hour: number;
  readonly use: string;
  readonly reads: number;
  readonly readings: number;
}

/** The usage ledger over the tables of `registry-schema.ts`. */
export const createUsageTables = (database: Database): Asynchronous<UsageStore> => {
  const trails = createTrailTables(database, 'usage');
  const add = database.prepare<[OpenRow]>(
    `insert into usage_open (hour, use, reads, readings) values (@hour, @use, @reads, @readings)
     on conflict (hour, use) do update set reads = usage_open.reads + excluded.reads,
       readings = usage_open.readings + excluded.readings`,
  );
  const ended = database.prepare<[number], OpenRow>(
    'select hour, use, reads, readings from usage_open where hour < ? order by hour, use',
  );
  const remove = database.prepare<[number]>('delete from usage_open where hour < ?');
  const count = database.transaction(async (usages: readonly Usage[]) => {
    for (const { hour, reads, readings, ...use } of usages) {
      await add.run({ hour, use: JSON.stringify(use), reads, readings });
    }
  });
  const seal = database.transaction(async (before: number, append: Parameters<UsageStore['seal']>[1]) => {
    const rows = await ended.all(before);
    for (const { use, ...volume } of rows) {
      const { trail, make } = append({ ...(JSON.parse(use) as Use), ...volume });
      await trails.append(trail, make);
    }
    if (rows.length > 0) await remove.run(before);
    return rows.length;
  });
  return {
    ...trails,
    count: (usages) => count(usages),
    seal: (before, append) => seal(before, append),
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

const OPEN = (field: string): string => `use::json ->> '${field}'`;

/** To a giver whoever read an open dataset is the public: no agreement made them known. */
const READER = {
  giver: 'case when agreement_id is null then null else reader end',
  reader: 'reader',
} as const;

const sumsSql = (side: UsageQuery['side'], by: UsageQuery['by']): string => {
  const shown = ALL_KEYS.map((key) => (KEYS[by].includes(key) ? key : `null::text as ${key}`));
  return `with asked (id) as materialized (select unnest(@organisations::text[])),
  months (month, "from", "to") as materialized (
    select value ->> 'name', (value ->> 'from')::bigint, (value ->> 'to')::bigint from json_array_elements(@months::json)
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
  select ${shown.join(', ')}, giver, reader, sum(reads)::bigint as reads, sum(readings)::bigint as readings
  from told group by ${[...KEYS[by], 'giver', 'reader'].map((key) => `told.${key}`).join(', ')}
  order by ${[...KEYS[by], 'giver', 'reader'].map((key) => `told.${key} nulls first`).join(', ')}`;
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
  (database: Database): Asynchronous<UsageStore>['sums'] =>
  async ({ side, organisations, by, months }) => {
    const [first, last] = [months[0], months.at(-1)];
    if (first === undefined || last === undefined) return [];
    return (
      await database
        .prepare<[{ organisations: readonly string[]; months: string; from: number; to: number }], SumRow>(
          sumsSql(side, by),
        )
        .all({
          organisations,
          months: JSON.stringify(months),
          from: first.from,
          to: last.to,
        })
    ).map(({ agreement_id: agreementId, dataset_id: datasetId, ...row }): UsageSum => ({
      ...row,
      agreementId,
      datasetId,
    }));
  };
