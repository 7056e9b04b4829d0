import { isDeepStrictEqual } from 'node:util';
import type { Change, OrganisationsStore, RecordName, Records } from '../../store/organisations-store.js';
import { OrganisationError } from './errors.js';

/** What an act reads. */
export type Rows = Pick<OrganisationsStore, 'record' | 'records'>;

/** Rows as they will be: the store's, under the changes that were drafted so far. Nothing is written. */
export interface Draft extends Rows {
  put<Name extends RecordName>(name: Name, row: Records[Name]): void;
  remove<Name extends RecordName>(name: Name, row: Records[Name]): void;
  /** One row. Throws `OrganisationError` `unknown`. */
  need<Name extends RecordName>(name: Name, id: string): Records[Name];
  /** What differs, each row once. */
  changes(): readonly Change[];
}

interface Pending {
  readonly record: RecordName;
  readonly before: Records[RecordName] | null;
  readonly after: Records[RecordName] | null;
}

const keyOf = (name: RecordName, id: string): string => `${name}/${id}`;

export const createDraft = (rows: Rows): Draft => {
  const pending = new Map<string, Pending>();
  // the same by record: a draft of thousands is asked about each of them
  const drafts = new Map<RecordName, Map<string, Pending>>();
  // ids by a value that their rows have or had
  const byValue = new Map<string, Set<string>>();
  const candidates = (name: RecordName, where: object): Iterable<string> =>
    Object.entries(where)
      .map(([field, value]) => byValue.get(`${name}/${field}/${String(value)}`) ?? new Set<string>())
      .toSorted((one, other) => one.size - other.size)[0] ??
    drafts.get(name)?.keys() ??
    [];
  const write = (record: RecordName, id: string, after: Records[RecordName] | null): void => {
    const before = pending.get(keyOf(record, id))?.before ?? rows.record(record, id) ?? null;
    const change = { record, before, after };
    pending.set(keyOf(record, id), change);
    drafts.set(record, (drafts.get(record) ?? new Map<string, Pending>()).set(id, change));
    for (const [field, value] of Object.entries(after ?? {})) {
      const key = `${record}/${field}/${String(value)}`;
      byValue.set(key, (byValue.get(key) ?? new Set<string>()).add(id));
    }
  };
  const record: Rows['record'] = <Name extends RecordName>(name: Name, id: string) => {
    const drafted = pending.get(keyOf(name, id));
    return drafted === undefined
      ? rows.record(name, id)
      : ((drafted.after ?? undefined) as Records[Name] | undefined);
  };
  return {
    record,
    records: <Name extends RecordName>(name: Name, where: Partial<Records[Name]> = {}) => {
      const known = drafts.get(name) ?? new Map<string, Pending>();
      const stored = rows.records(name, where).filter(({ id }) => !known.has(id));
      const drafted = [...candidates(name, where)].flatMap((id) => {
        const after = known.get(id)?.after ?? null;
        return after !== null && matches(after, where) ? [after as Records[Name]] : [];
      });
      return [...stored, ...drafted];
    },
    put: (name, row) => write(name, row.id, row),
    remove: (name, row) => write(name, row.id, null),
    need: (name, id) => {
      const found = record(name, id);
      if (found === undefined)
        throw new OrganisationError('unknown', `There is no ${NOUNS[name] ?? name} ${id}.`);
      return found;
    },
    changes: () =>
      [...pending.values()].filter(
        ({ before, after }) => !isDeepStrictEqual(before, after),
      ) as unknown as readonly Change[],
  };
};

const NOUNS: Partial<Record<RecordName, string>> = {
  holding: 'holding',
  locationAlias: 'name of a location',
};

const matches = (row: object, where: object): boolean =>
  Object.entries(where).every(([field, value]) => Reflect.get(row, field) === value);
