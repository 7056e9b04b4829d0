import { pause } from '../../clock/timers.js';
import { readConfiguration } from '../../twin/configuration-file.js';
import { hintLine, only, readingLine, renderWatch, viewHints, type WatchView } from '../watch-table.js';
import { openWatch } from '../watch.js';
import { EXIT } from './exit-codes.js';
import type { Output } from './output.js';
import type { Terminal } from './terminal.js';

export interface WatchOptions {
  readonly config: string;
  readonly profiles: readonly string[];
  readonly device: string | undefined;
  /** Between two looks, ms. */
  readonly refreshMs: number;
}

/** Between two looks while points have not been read once, ms: who stands at the line waits for the first values. */
const FIRST_MS = 100;
/** So often at most: some points say nothing for hours. */
const MOST_FIRST_LOOKS = 300;

/** Prints each reading once, and each hint when it comes up or goes. */
const createLines = (output: Output, device: string | undefined): ((view: WatchView) => void) => {
  const seen = new Map<string, number>();
  let hints: readonly string[] = [];
  return (view) => {
    const shown = only(view, device);
    for (const latest of shown.latest) {
      const key = `${latest.device}/${latest.point}`;
      if (seen.get(key) === latest.time) continue;
      seen.set(key, latest.time);
      output.print(readingLine(latest));
    }
    const now = viewHints(shown).map(hintLine);
    for (const hint of now) if (!hints.includes(hint)) output.print(`! ${hint}`);
    hints = now;
  };
};

/** Shows values and counters until the signal aborts: redrawn in place on a terminal, else line by line. */
export const watchCommand = async (
  { config, profiles, device, refreshMs }: WatchOptions,
  output: Output,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> => {
  const configuration = readConfiguration(config, profiles);
  const source = await openWatch(configuration, device);
  const from = source.kind === 'agent' ? 'as the running agent sees it' : 'polled here; nothing is stored';
  const lines = createLines(output, device);
  const points = configuration.devices
    .filter(({ key }) => device === undefined || key === device)
    .reduce((sum, each) => sum + each.points.length, 0);
  try {
    if (!terminal.live) output.explain(`${configuration.name}: ${from}`);
    for (let looks = 1; !signal.aborted; looks++) {
      const view = await source.view();
      if (terminal.live) {
        const heading = `${configuration.name}: ${from}; Ctrl-C ends`;
        terminal.replace(`${heading}\n${renderWatch(view, device, Date.now())}\n`);
      } else lines(view);
      const waiting = looks < MOST_FIRST_LOOKS && only(view, device).latest.length < points;
      await pause(waiting ? Math.min(refreshMs, FIRST_MS) : refreshMs, signal);
    }
  } finally {
    await source.close();
  }
  return EXIT.done;
};
