import type { BusDeps, ProgramEndpoint } from '../driver.js';
import type { Wiring } from './section.js';

/** A program that says nothing in this time will not, ms. */
const PATIENCE_MS = 5_000;
const MOST_OUTPUT = 4096;

/** One line of a chip, and how it is wired. */
export interface GpioLine {
  readonly chip: string;
  readonly line: number;
  readonly wiring: Wiring;
}

/** The programs of Debian's package gpiod, in the version that is installed. */
export interface GpioTools {
  /** What prints the edges of a line. */
  readonly watch: (line: GpioLine) => ProgramEndpoint;
  /** The level of a line that nobody watches; `undefined` where it cannot be read. */
  readonly level: (line: GpioLine, signal: AbortSignal) => Promise<0 | 1 | undefined>;
}

type Deps = Pick<BusDeps, 'openChannel' | 'delay'>;

/** All that a program prints until it ends or the time is over. Rejects where it cannot be started. */
const outputOf = async (
  deps: Deps,
  program: string,
  parameters: readonly string[],
  signal: AbortSignal,
): Promise<string> => {
  const channel = await deps.openChannel({ type: 'program', program, parameters }, signal);
  const over = new AbortController();
  let output = '';
  channel.onData(
    (bytes) => (output = (output + Buffer.from(bytes).toString('latin1')).slice(0, MOST_OUTPUT)),
  );
  channel.onClose(() => over.abort());
  await deps.delay(PATIENCE_MS, AbortSignal.any([signal, over.signal])).catch(() => {});
  await channel.close();
  signal.throwIfAborted();
  return output;
};

const VERSION_1_BIAS: Readonly<Record<NonNullable<Wiring['bias']>, string>> = {
  'pull-up': 'pull-up',
  'pull-down': 'pull-down',
  disabled: 'disable',
};

const version1 = ({ wiring: { bias } }: GpioLine): readonly string[] =>
  bias === undefined ? [] : [`--bias=${VERSION_1_BIAS[bias]}`];
const version2 = ({ chip, wiring: { bias } }: GpioLine): readonly string[] => [
  `--chip=${chip}`,
  ...(bias === undefined ? [] : [`--bias=${bias}`]),
];

const watch1 = (line: GpioLine): readonly string[] => [
  '--line-buffered',
  ...version1(line),
  line.chip,
  String(line.line),
];
const watch2 = (line: GpioLine): readonly string[] => ['--edges=both', ...version2(line), String(line.line)];
const get1 = (line: GpioLine): readonly string[] => [...version1(line), line.chip, String(line.line)];
const get2 = (line: GpioLine): readonly string[] => ['--numeric', ...version2(line), String(line.line)];

/** Finds out which version is installed. Rejects with a `ChannelError` where none is. */
export const findGpioTools = async (deps: Deps, signal: AbortSignal): Promise<GpioTools> => {
  const said = await outputOf(deps, 'gpiomon', ['--version'], signal);
  const old = /\bv1\./.test(said);
  return {
    watch: (line) => ({ type: 'program', program: 'gpiomon', parameters: old ? watch1(line) : watch2(line) }),
    level: async (line, stop) => {
      try {
        const level = (await outputOf(deps, 'gpioget', old ? get1(line) : get2(line), stop)).trim();
        return level === '0' ? 0 : level === '1' ? 1 : undefined;
      } catch {
        stop.throwIfAborted();
        return undefined;
      }
    },
  };
};
