import type { Change, RecordName } from '../../store/organisations-store.js';
import type { Rows } from './draft.js';

/** What an act changed for one organisation: nobody is told of the others by it. */
export interface Concerned {
  readonly organisationId: string;
  readonly changes: readonly Change[];
}

/** Changes by the organisations that they concern; a row that was, or became, another's is left out. */
export const concernedBy = (rows: Rows, changes: readonly Change[]): readonly Concerned[] => {
  const concerned = new Map<string, Change[]>();
  for (const change of changes) {
    const { record, before, after } = change;
    const owners = {
      before: before === null ? [] : [...ownersOf(rows, record, before), ...parentOf(change, before)],
      after: after === null ? [] : [...ownersOf(rows, record, after), ...parentOf(change, after)],
    };
    for (const organisationId of new Set([...owners.before, ...owners.after])) {
      const own = {
        record,
        before: owners.before.includes(organisationId) ? before : null,
        after: owners.after.includes(organisationId) ? after : null,
      } as Change;
      const known = concerned.get(organisationId);
      if (known === undefined) concerned.set(organisationId, [own]);
      else known.push(own);
    }
  }
  return [...concerned].map(([organisationId, those]) => ({ organisationId, changes: those }));
};

/** Under whom an organisation comes, goes or moves: it concerns them too. */
const parentOf = ({ record, before, after }: Change, row: object): readonly string[] => {
  if (record !== 'organisation' || before?.parentId === after?.parentId) return [];
  const parentId: unknown = Reflect.get(row, 'parentId');
  return typeof parentId === 'string' ? [parentId] : [];
};

const ownersOf = (rows: Rows, record: RecordName, row: object): readonly string[] => {
  const field = (name: string): string => String(Reflect.get(row, name));
  switch (record) {
    case 'organisation':
      return [field('id')];
    case 'competence':
      return [field('holderId'), field('forId')];
    case 'installation':
    case 'assignment':
    case 'point':
      return holderOf(rows, field('deviceId'));
    case 'device':
      return holderOf(rows, field('id'));
    case 'locationAlias':
      return [rows.record('gateway', field('gatewayId'))?.organisationId ?? ''].filter(Boolean);
    default:
      return [field('organisationId')];
  }
};

const holderOf = (rows: Rows, subjectId: string): readonly string[] =>
  rows
    .records('holding', { subjectId, title: 'holder', to: null })
    .map(({ organisationId }) => organisationId);
