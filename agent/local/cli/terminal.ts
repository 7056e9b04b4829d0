/** Where progress and live tables are drawn. */
export interface Terminal {
  /** Whether what was drawn can be drawn over. */
  readonly live: boolean;
  readonly columns: number;
  /** A line that stays. */
  write(text: string): void;
  /** Draws over what `replace` drew before. */
  replace(text: string): void;
  /** Takes away what `replace` drew. */
  clear(): void;
}

const FALLBACK_COLUMNS = 80;

/** A stream as a terminal. Lines are cut at its width, so that what is drawn over is known. */
export const createTerminal = (stream: NodeJS.WriteStream): Terminal => {
  let drawn = 0;
  const columns = (): number => stream.columns || FALLBACK_COLUMNS;
  const clear = (): void => {
    if (drawn > 0) stream.write(`\r${drawn > 1 ? `\u001b[${drawn - 1}A` : ''}\u001b[J`);
    drawn = 0;
  };
  return {
    live: stream.isTTY,
    get columns() {
      return columns();
    },
    write: (text) => {
      clear();
      stream.write(`${text}\n`);
    },
    replace: (text) => {
      const lines = text.split('\n').map((line) => line.slice(0, columns() - 1));
      clear();
      stream.write(lines.join('\n'));
      drawn = lines.length;
    },
    clear,
  };
};
