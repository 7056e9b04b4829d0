import { LineError } from './line-error.js';

const NAMED: Readonly<Record<string, string>> = { r: '\r', n: '\n', t: '\t', '0': '\0', '\\': '\\' };

/** Text as people write it (`\r`, `\n`, `\t`, `\0`, `\xHH`, `\\`) as it goes over the line. Throws a `LineError`. */
export const unescapeText = (text: string): string =>
  text.replaceAll(/\\(x[0-9a-fA-F]{2}|[\s\S]?)/g, (written, inside: string) => {
    if (inside.length === 3) return String.fromCharCode(Number.parseInt(inside.slice(1), 16));
    const meant = NAMED[inside];
    if (meant === undefined)
      throw new LineError('escape', `has ${written}, which is not known: \\r \\n \\t \\0 \\xHH \\\\`);
    return meant;
  });

/** How the line's text is shown: what cannot be printed as an escape, at most `most` characters. */
export const showText = (text: string, most = 80): string => {
  const shown = text.replaceAll(/[^\x20-\x7e]/g, (character) => {
    if (character === '\r') return '\\r';
    if (character === '\n') return '\\n';
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
  return shown.length > most ? `${shown.slice(0, most)}...` : shown;
};
