import type { Act, ActsQuery, Change, OrganisationsStore } from '../organisations-store.js';
import type { Reach } from '../reach.js';
import type { RegistryDatabase as Database } from './registry-database.js';
import type { Asynchronous } from '../asynchronous.js';

type ActQueries = Pick<Asynchronous<OrganisationsStore>, 'act' | 'acts' | 'actIn' | 'actsIn'>;

interface ActRow extends Omit<Act, 'summary' | 'changes'> {
  readonly summary: string;
}

interface Asked {
  readonly record: string;
  readonly at: number;
  readonly id: string;
  readonly limit: number;
  readonly organisations?: readonly string[];
}

const ACT = 'a.id, a.kind, a.at, a.by, a.effective, a.summary, a.undone_by as "undoneBy"';
/** Acts that concern organisations within reach; one that concerns several of them comes several times. */
const REACHED = `unnest(@organisations::text[]) o(value)
  join act_concern c on c.organisation_id = o.value join act a on a.id = c.act_id`;

export const createActQueries = (database: Database): ActQueries => {
  const one = database.prepare<[string], ActRow>(`select ${ACT} from act a where a.id = ?`);
  const oneIn = database.prepare<[{ organisations: readonly string[]; id: string }], ActRow>(
    `select distinct ${ACT} from ${REACHED} where c.act_id = @id`,
  );
  const page = (from: string, filter: string) =>
    database.prepare<[Asked], ActRow>(
      `select distinct ${ACT} from ${from} where (a.at, a.id) < (@at, @id) and ${filter}
       order by a.at desc, a.id desc limit @limit`,
    );
  const ofRecord = 'a.id in (select act_id from act_change where record_id = @record)';
  const reachedOfRecord = `exists (select 1 from act_change h
    where h.record_id = @record and h.act_id = a.id)`;
  const all = { every: page('act a', "@record = ''"), ofRecord: page('act a', ofRecord) };
  const reached = { every: page(REACHED, "@record = ''"), ofRecord: page(REACHED, reachedOfRecord) };
  const actOf = createActOf(database);
  return {
    act: async (id) => first(await one.all(id), actOf),
    acts: async ({ recordId, ...query }) =>
      Promise.all(
        (await (recordId === undefined ? all.every : all.ofRecord).all(asked(recordId, query))).map(actOf),
      ),
    actIn: async (reach, id) => first(await oneIn.all({ ...organisationsOf(reach), id }), actOf),
    actsIn: async (reach, { recordId, ...query }) =>
      Promise.all(
        (
          await (recordId === undefined ? reached.every : reached.ofRecord).all({
            ...asked(recordId, query),
            ...organisationsOf(reach),
          })
        ).map(actOf),
      ),
  };
};

const first = <Row, Value>(
  [row]: readonly Row[],
  of: (row: Row) => Promise<Value>,
): Promise<Value> | undefined => (row === undefined ? undefined : of(row));

const organisationsOf = ({ organisations }: Reach) => ({ organisations: [...organisations] });

const asked = (recordId: string | undefined, { after, limit }: Omit<ActsQuery, 'recordId'>): Asked => ({
  record: recordId ?? '',
  ...(after ?? { at: Number.MAX_SAFE_INTEGER, id: '' }),
  limit,
});

interface ChangeRow {
  readonly record: string;
  readonly before: string | null;
  readonly after: string | null;
}

const createActOf = (database: Database) => {
  const changes = database.prepare<[string], ChangeRow>(
    'select record, before, after from act_change where act_id = ? order by number',
  );
  return async (row: ActRow): Promise<Act> => ({
    ...row,
    summary: JSON.parse(row.summary) as Act['summary'],
    changes: (await changes.all(row.id)).map(
      ({ record, before, after }) => ({ record, before: parsed(before), after: parsed(after) }) as Change,
    ),
  });
};

const parsed = (row: string | null): unknown => (row === null ? null : JSON.parse(row));
