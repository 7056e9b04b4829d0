import type { UsageGroup } from '../../store/usage-store.js';
import { labelOf, type UsageRow } from './usage-report.js';

const BAR = 30;
const MAX_BARS = 40;

/** A table of who used whose data for what, and a chart of it in text. */
export const renderUsage = (rows: readonly UsageRow[], by: UsageGroup): string => {
  if (rows.length === 0) return 'Nobody used anything in this period.\n';
  return `${tableOf(rows)}\n${chartOf(rows, by)}`;
};

const HEAD = ['month', 'giver', 'reader', 'agreement', 'purpose', 'dataset', 'reads', 'readings'];

const tableOf = (rows: readonly UsageRow[]): string => {
  const lines = rows.map((row) => [
    row.month ?? '·',
    row.giverName ?? row.giver,
    row.readerName ?? row.reader ?? 'the public',
    row.agreementId ?? '·',
    row.purpose ?? '·',
    row.datasetId ?? '·',
    String(row.reads),
    String(row.readings),
  ]);
  const widths = HEAD.map((name, index) =>
    Math.max(name.length, ...lines.map((cells) => (cells[index] ?? '').length)),
  );
  const isNumber = (index: number): boolean => index >= HEAD.length - 2;
  return [HEAD, ...lines]
    .map((cells) =>
      cells
        .map((cell, index) =>
          isNumber(index) ? cell.padStart(widths[index] ?? 0) : cell.padEnd(widths[index] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
    .concat('\n');
};

/** Readings by what rows are told apart by, the largest as a whole bar. */
const chartOf = (rows: readonly UsageRow[], by: UsageGroup): string => {
  const sums = new Map<string, number>();
  for (const row of rows) {
    const label = labelOf(row, by);
    sums.set(label, (sums.get(label) ?? 0) + row.readings);
  }
  const shown = [...sums].slice(0, MAX_BARS);
  const most = Math.max(1, ...shown.map(([, readings]) => readings));
  const width = Math.max(...shown.map(([label]) => label.length));
  const bars = shown.map(
    ([label, readings]) =>
      `${label.padEnd(width)}  ${'█'.repeat(Math.max(1, Math.round((readings / most) * BAR)))} ${readings}\n`,
  );
  return bars.join('') + (sums.size > MAX_BARS ? `… and ${sums.size - MAX_BARS} more: --csv has all.\n` : '');
};
