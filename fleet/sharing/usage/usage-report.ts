import { Type, type Static } from 'typebox';
import { csvHeader, csvLine } from '../../csv-line.js';
import type { UsageGroup, UsageSum } from '../../store/usage-store.js';
import type { Policy } from '../flows.js';

const Text = Type.Union([Type.String(), Type.Null()]);

/** One line of a usage report. */
export const USAGE_ROW = Type.Object({
  month: Type.Union([Type.String(), Type.Null()], {
    description: 'Legal month; null where months are not told apart. So are the following.',
  }),
  giver: Type.String({ description: 'Whose data it is.' }),
  giverName: Text,
  reader: Type.Union([Type.String(), Type.Null()], {
    description: 'Who read; null: the public, or whoever read an open dataset without an agreement.',
  }),
  readerName: Text,
  agreementId: Text,
  purpose: Type.Union([Type.String(), Type.Null()], { description: 'null also where none was stated.' }),
  datasetId: Text,
  reads: Type.Integer({ description: 'Answers that gave something.' }),
  readings: Type.Integer({ description: 'Readings, or cells of rollups.' }),
});
export type UsageRow = Static<typeof USAGE_ROW>;

/** Sums with the names under which parties stand in their agreements: of nobody else is a name known. */
export const usageRows = (sums: readonly UsageSum[], { agreements }: Policy): readonly UsageRow[] => {
  const names = new Map(
    agreements.flatMap(({ versions }) =>
      versions.flatMap(({ terms }) =>
        terms.parties.map((party) => [party.organisationId, party.name] as const),
      ),
    ),
  );
  const nameOf = (id: string | null): string | null => (id === null ? null : (names.get(id) ?? null));
  return sums.map((sum) => ({ ...sum, giverName: nameOf(sum.giver), readerName: nameOf(sum.reader) }));
};

const COLUMNS = [
  'month',
  'giver',
  'giverName',
  'reader',
  'readerName',
  'agreementId',
  'purpose',
  'datasetId',
  'reads',
  'readings',
] as const;

export const usageCsv = (rows: readonly UsageRow[]): string =>
  csvHeader(COLUMNS) + rows.map((row) => csvLine(row, COLUMNS)).join('');

/** What a row is about, as a chart names it. */
export const labelOf = (row: UsageRow, by: UsageGroup): string => {
  const reader = row.readerName ?? row.reader ?? 'the public';
  const what = { month: row.month, agreement: row.agreementId, purpose: row.purpose, dataset: row.datasetId };
  const none = { month: '', agreement: 'open datasets', purpose: 'not stated', dataset: '' };
  return `${what[by] ?? none[by]}  ${reader}`;
};
