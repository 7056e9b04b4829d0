/** Rows of text in columns, for a terminal. */
export const renderTable = (rows: readonly (readonly string[])[]): string => {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => widthOf(row[column] ?? ''))),
  );
  return rows
    .map((row) => {
      const cells = row.map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - widthOf(cell)));
      return `${cells.join('  ').trimEnd()}\n`;
    })
    .join('');
};

const widthOf = (text: string): number => Array.from(text).length;

export const dayOf = (time: number | null): string =>
  time === null ? '-' : new Date(time).toISOString().slice(0, 16).replace('T', ' ');

/** For scripts as JSON, for people as text. */
export const print = (json: boolean, value: unknown, text: string): void => {
  process.stdout.write(json ? `${JSON.stringify(value, null, 2)}\n` : text);
};
