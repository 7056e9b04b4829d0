import type { Framer } from '../telegram/listening-bus.js';

/** A line of more bytes is none: what comes up to its end is thrown away. */
export const MOST_LINE_BYTES = 1024;

const LINE_ENDS = ['\r', '\n'];

/** Where the next line ends in `text`, and where the one after begins. */
const nextEnd = (text: string, ends: readonly string[]): readonly [end: number, next: number] | undefined => {
  const found = ends
    .map((end) => [text.indexOf(end), end.length] as const)
    .filter(([at]) => at >= 0)
    .toSorted(([a], [b]) => a - b);
  const [first] = found;
  return first === undefined ? undefined : [first[0], first[0] + first[1]];
};

/**
 * Cuts bytes into lines, without their ends; empty lines are none. `terminator`: the text that ends a line; absent: CR,
 * LF or both. `begun`: the first bytes may be in the midst of a line, which is thrown away.
 */
export const createLineFramer = (terminator: string | undefined, begun: boolean): Framer => {
  const ends = terminator === undefined ? LINE_ENDS : [terminator];
  let waiting = '';
  let skipping = begun;
  return (bytes) => {
    const lines: Uint8Array[] = [];
    let text = waiting + Buffer.from(bytes).toString('latin1');
    for (let cut = nextEnd(text, ends); cut !== undefined; cut = nextEnd(text, ends)) {
      const line = text.slice(0, cut[0]);
      if (!skipping && line.length > 0 && line.length <= MOST_LINE_BYTES)
        lines.push(Buffer.from(line, 'latin1'));
      skipping = false;
      text = text.slice(cut[1]);
    }
    if (text.length > MOST_LINE_BYTES) {
      skipping = true;
      // The beginning of a terminator may be among the last bytes.
      text = text.slice(1 - Math.max(...ends.map(({ length }) => length)) || text.length);
    }
    waiting = text;
    return lines;
  };
};
