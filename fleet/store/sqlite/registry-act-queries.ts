import type { Act, ActsQuery, Change, OrganisationsStore } from '../organisations-store.js';
import type { Reach } from '../reach.js';
import type { Database } from './database.js';

type ActQueries = Pick<OrganisationsStore, 'act' | 'acts' | 'actIn' | 'actsIn'>;

interface ActRow extends Omit<Act, 'summary' | 'changes'> {
  readonly summary: string;
}

interface Asked {
  readonly record: string;
  readonly at: number;
  readonly id: string;
  readonly limit: number;
  readonly organisations?: string;
}

const ACT = 'a.id, a.kind, a.at, a.by, a.effective, a.summary, a.undone_by as undoneBy';
/** Acts that concern organisations within reach; one that concerns several of them comes several times. */
const REACHED = `json_each(@organisations) o
  cross join act_concern c on c.organisation_id = o.value cross join act a on a.id = c.act_id`;

export const createActQueries = (database: Database): ActQueries => {
  const one = database.prepare<[string], ActRow>(`select ${ACT} from act a where a.id = ?`);
  const oneIn = database.prepare<[{ organisations: string; id: string }], ActRow>(
    `select distinct ${ACT} from ${REACHED} where c.act_id = @id`,
  );
  const page = (from: string, filter: string) =>
    database.prepare<[Asked], ActRow>(
      `select distinct ${ACT} from ${from} where (a.at, a.id) < (@at, @id) and ${filter}
       order by a.at desc, a.id desc limit +@limit`,
    );
  const ofRecord = 'a.id in (select act_id from act_change where record_id = @record)';
  const reachedOfRecord = `exists (select 1 from act_change h indexed by act_change_record
    where h.record_id = @record and h.act_id = a.id)`;
  const all = { every: page('act a', "@record = ''"), ofRecord: page('act a', ofRecord) };
  const reached = { every: page(REACHED, "@record = ''"), ofRecord: page(REACHED, reachedOfRecord) };
  const actOf = createActOf(database);
  return {
    act: (id) => one.all(id).map(actOf)[0],
    acts: ({ recordId, ...query }) =>
      (recordId === undefined ? all.every : all.ofRecord).all(asked(recordId, query)).map(actOf),
    actIn: (reach, id) => oneIn.all({ ...organisationsOf(reach), id }).map(actOf)[0],
    actsIn: (reach, { recordId, ...query }) =>
      (recordId === undefined ? reached.every : reached.ofRecord)
        .all({ ...asked(recordId, query), ...organisationsOf(reach) })
        .map(actOf),
  };
};

const organisationsOf = ({ organisations }: Reach) => ({ organisations: JSON.stringify([...organisations]) });

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
  return (row: ActRow): Act => ({
    ...row,
    summary: JSON.parse(row.summary) as Act['summary'],
    changes: changes
      .all(row.id)
      .map(
        ({ record, before, after }) => ({ record, before: parsed(before), after: parsed(after) }) as Change,
      ),
  });
};

const parsed = (row: string | null): unknown => (row === null ? null : JSON.parse(row));
