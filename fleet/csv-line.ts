export type Cell = string | number | null;

/** One line of RFC 4180 of what a row has in these columns. */
export const csvLine = <Column extends string>(
  row: Readonly<Record<Column, Cell>>,
  columns: readonly Column[],
): string => `${columns.map((column) => cell(row[column])).join(',')}\r\n`;

export const csvHeader = (columns: readonly string[]): string => `${columns.join(',')}\r\n`;

/** What spreadsheets take for the beginning of a formula, in its wide forms too. */
const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/;

/** What either of the two may be about; hardly any cell has it. */
const SPECIAL = /^[=+\-@＝＋－＠]|[",\t\r\n]/;

/** Quotes where RFC 4180 asks, and defuses text that a spreadsheet would run as a formula. */
const cell = (value: Cell): string => {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  if (!SPECIAL.test(value)) return value;
  const text = FORMULA.test(value) && Number.isNaN(Number(value)) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};
