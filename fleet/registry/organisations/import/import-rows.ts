import { isDeepStrictEqual } from 'node:util';
import type { JsonObject } from '../../../store/organisations-store.js';
import type { Draft } from '../draft.js';
import { OrganisationError } from '../errors.js';
import type { OrganisationDeps } from '../organisation-deeds.js';
import { importLocation, importSite } from './import-places.js';
import { importOrganisation } from './import-organisation.js';
import {
  IMPORTED_RECORDS,
  importError,
  type Column,
  type ImportedRecord,
  type ImportFault,
  type ImportRow,
  type ImportTable,
} from './table.js';

/** A row of a file on its way into the draft. */
export interface Importing {
  readonly draft: Draft;
  readonly row: ImportRow;
  readonly deps: OrganisationDeps;
}

/** What a row became. */
export interface Imported {
  readonly before: object | null;
  readonly after: { readonly id: string };
}

const IMPORTERS: Readonly<Record<ImportedRecord, (importing: Importing) => Imported>> = {
  organisation: importOrganisation,
  site: importSite,
  location: importLocation,
};

/** Drafts all rows of a file, or throws `OrganisationError` with all that is wrong in it. Gives what they came to. */
export const importRows = (draft: Draft, table: ImportTable, deps: OrganisationDeps): JsonObject => {
  const steps = importSteps(draft, table, deps);
  for (let step = steps.next(); ; step = steps.next()) if (step.done === true) return step.value;
};

/** The same, a row a step: others may have their turn between them. */
export function* importSteps(
  draft: Draft,
  table: ImportTable,
  deps: OrganisationDeps,
): Generator<undefined, JsonObject> {
  const faults = new Map<ImportRow, ImportFault>();
  const seen = new Map<string, string>();
  const counts = { added: 0, changed: 0, same: 0 };
  const take = ({ record, row }: Ordered): void => {
    const { before, after } = IMPORTERS[record]({ draft, row, deps });
    const twin = seen.get(after.id);
    if (twin !== undefined) throw new OrganisationError('conflict', `it is the same ${record} as ${twin}.`);
    seen.set(after.id, row.place);
    counts[before === null ? 'added' : isDeepStrictEqual(before, after) ? 'same' : 'changed'] += 1;
  };
  for (const ordered of inOrder(table, faults)) {
    try {
      take(ordered);
    } catch (error) {
      if (!(error instanceof OrganisationError)) throw error;
      faults.set(ordered.row, faultOf(error, ordered.row, table));
    }
    yield;
  }
  if (faults.size > 0) {
    throw importError(table.rows.flatMap((row) => [faults.get(row)].filter((fault) => fault !== undefined)));
  }
  return { deed: 'import', rows: table.rows.length, ...counts, ignored: [...table.ignored] };
}

interface Ordered {
  readonly record: ImportedRecord;
  readonly row: ImportRow;
}

/** Organisations first, each after what it stands under; then sites, then the locations at them. */
const inOrder = (table: ImportTable, faults: Map<ImportRow, ImportFault>): readonly Ordered[] => {
  const rows = table.rows.flatMap((row): Ordered[] => {
    const text = row.cells.get('record') ?? table.record;
    const record = IMPORTED_RECORDS.find((known) => known === text);
    if (record !== undefined) return [{ record, row }];
    const message = `say what it is: ${IMPORTED_RECORDS.join(', ')}`;
    faults.set(row, { path: pathOf('record', row, table), message });
    return [];
  });
  const of = (wanted: ImportedRecord): Ordered[] => rows.filter(({ record }) => record === wanted);
  return [...parentsFirst(of('organisation')), ...of('site'), ...of('location')];
};

const parentsFirst = (rows: readonly Ordered[]): readonly Ordered[] => {
  const named = new Map<string, Ordered>();
  for (const ordered of rows) {
    for (const column of ['name', 'code'] as const) {
      const text = ordered.row.cells.get(column);
      if (text !== undefined) named.set(text, ordered);
    }
  }
  const placed = new Set<Ordered>();
  const place = (from: Ordered): void => {
    const waiting: Ordered[] = [];
    for (let next: Ordered | undefined = from; next !== undefined;) {
      // whoever stands under itself is told so when it is drafted
      if (placed.has(next) || waiting.includes(next)) break;
      waiting.push(next);
      next = named.get(next.row.cells.get('parent') ?? '');
    }
    for (const ordered of waiting.toReversed()) placed.add(ordered);
  };
  for (const ordered of rows) place(ordered);
  return [...placed];
};

/** Our columns by the fields that errors begin with. */
const COLUMN_OF: Readonly<Record<string, Column>> = {
  parentId: 'parent',
  partnerKind: 'partner_kind',
  timeZone: 'time_zone',
  organisationId: 'organisation',
  siteId: 'site',
};

const faultOf = ({ message }: OrganisationError, row: ImportRow, table: ImportTable): ImportFault => {
  const [, field = '', rest = message] = /^([a-zA-Z_]+): (.*)$/s.exec(message) ?? [];
  return { path: pathOf(COLUMN_OF[field] ?? field, row, table), message: rest };
};

const pathOf = (field: string, { place }: ImportRow, { titles }: ImportTable): string => {
  if (field === '') return place;
  const noun = place.startsWith('feature') ? 'property' : 'column';
  const known = [...titles].find(([column]) => column === field);
  return `${place}, ${noun} ${known?.[1] ?? field}`;
};
