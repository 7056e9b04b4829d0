import { TelegramError } from '../telegram/telegram-error.js';
import { showText, unescapeText } from './escapes.js';
import type { LineLayout } from './line-layout.js';
import { LineError } from './line-error.js';
import type { LineSection } from './section.js';

type Columns = NonNullable<LineSection['columns']>;

/** Of a column that nobody wants. */
const UNWANTED = '-';

const splitter = ({ separator, widths, names }: Columns): ((line: string) => readonly string[]) => {
  if ((separator === undefined) === (widths === undefined))
    throw new LineError('section', 'its columns need either separator or widths');
  if (widths === undefined) {
    const between = unescapeText(separator ?? '');
    // Columns that are set apart by blanks are aligned with as many as it takes.
    return between === ' ' ? (line) => line.trim().split(/ +/) : (line) => line.split(between);
  }
  if (widths.length !== names.length)
    throw new LineError('section', `its columns have ${names.length} names and ${widths.length} widths`);
  return (line) => {
    let at = 0;
    const cells = widths.map((width) => line.slice(at, (at += width)));
    return line.slice(at).trim() === '' ? cells : [...cells, line.slice(at)];
  };
};

/** Columns of a line. Throws a `LineError` where the section does not say how they are cut. */
export const createColumns = (columns: Columns): LineLayout => {
  const { names } = columns;
  const split = splitter(columns);
  const wanted = names.filter((name) => name !== UNWANTED);
  if (new Set(wanted).size < wanted.length) throw new LineError('section', 'names two columns alike');
  return {
    names: wanted,
    read: (line) => {
      const cells = split(line);
      if (cells.length !== names.length)
        throw new TelegramError(
          'decode',
          `"${showText(line)}" has ${cells.length} columns where ${names.length} are expected`,
        );
      return new Map(
        names.flatMap((name, index): [string, string][] =>
          name === UNWANTED ? [] : [[name, cells[index] ?? '']],
        ),
      );
    },
  };
};
