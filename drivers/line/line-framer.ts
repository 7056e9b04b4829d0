import type { Framer } from '../telegram/listening-bus.js';

/** A line of more bytes is none: what comes up to its end is thrown away. */
export const MOST_LINE_BYTES = 1024;

const literally = (text: string): RegExp => new RegExp(text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'g');

/**
 * Cuts bytes into lines, without their ends; empty lines are none. `terminator`: the text that ends a line; absent: CR,
 * LF or both. `begun`: the first bytes may be in the midst of a line, which is thrown away.
 */
export const createLineFramer = (terminator: string | undefined, begun: boolean): Framer => {
  const ends = terminator === undefined ? /[\r\n]/g : literally(terminator);
  const longestEnd = terminator?.length ?? 1;
  let waiting = '';
  let skipping = begun;
  return (bytes) => {
    const lines: Uint8Array[] = [];
    const text = waiting + Buffer.from(bytes).toString('latin1');
    let from = 0;
    for (const end of text.matchAll(ends)) {
      const line = text.slice(from, end.index);
      if (!skipping && line.length > 0 && line.length <= MOST_LINE_BYTES)
        lines.push(Buffer.from(line, 'latin1'));
      skipping = false;
      from = end.index + end[0].length;
    }
    waiting = text.slice(from);
    if (waiting.length > MOST_LINE_BYTES) {
      skipping = true;
      // The beginning of a terminator may be among the last bytes.
      waiting = waiting.slice(waiting.length + 1 - longestEnd);
    }
    return lines;
  };
};
