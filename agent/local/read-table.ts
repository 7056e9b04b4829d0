import type { Flag } from '#wire/terms.js';
import type { ReadRow } from './read.js';

const QUALITY: Readonly<Record<Flag, string>> = {
  1: 'good',
  2: 'not evaluated',
  3: 'suspect',
  4: 'bad',
  9: 'missing',
};

const HEADINGS = ['name', 'value', 'unit', 'quality', 'bytes'] as const;
/** More digits than any dial shows, fewer than a float32 read as float64. */
const DIGITS = 7;

const numberText = (value: number): string =>
  Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(DIGITS)));

const qualityText = ({ flag, reason, fault }: ReadRow): string => {
  const why = fault ?? (reason === 'none' ? '' : reason);
  return why === '' ? QUALITY[flag] : `${QUALITY[flag]}: ${why}`;
};

const cells = (row: ReadRow): readonly string[] => [
  row.name,
  row.dial === null ? '–' : typeof row.dial.value === 'number' ? numberText(row.dial.value) : row.dial.value,
  row.dial?.unit ?? '',
  qualityText(row),
  row.raw,
];

const line = (texts: readonly string[], widths: readonly number[]): string => {
  const padded = texts.map((text, column) =>
    HEADINGS[column] === 'value' ? text.padStart(widths[column] ?? 0) : text.padEnd(widths[column] ?? 0),
  );
  return `  ${padded.join('  ')}`.trimEnd();
};

const clockText = (utcMs: number): string => new Date(utcMs).toISOString().slice(11, 19);

/** Why these are no values of now. */
const keptText = ({ time, notBefore }: ReadRow): string =>
  notBefore === null
    ? ''
    : `: last read at ${clockText(time)} UTC; it may be read again at ${clockText(notBefore)} UTC (minInterval)`;

/** The rows as people compare them with the dial: one block a device, values in the dial's unit. */
export const renderTable = (rows: readonly ReadRow[]): string => {
  const texts = rows.map(cells);
  const widths = HEADINGS.map((heading, column) =>
    Math.max(heading.length, ...texts.map((row) => row[column]?.length ?? 0)),
  );
  const lines: string[] = [];
  let device: string | undefined;
  for (const [index, row] of rows.entries()) {
    if (row.device !== device) {
      if (device !== undefined) lines.push('');
      lines.push(`${row.device}: ${row.deviceName} (${row.place})${keptText(row)}`, line(HEADINGS, widths));
      device = row.device;
    }
    lines.push(line(texts[index] ?? [], widths));
  }
  return lines.join('\n');
};
