import { durationMs } from '../document/duration.js';
import { nearest } from '../document/nearest.js';
import { SimulatorError } from './simulator-error.js';

/** What goes wrong on purpose. Shares are of the replies, 0 to 1. */
export interface SimulatorFaults {
  /** Share of replies that come `lateMs` late. */
  readonly lateRate: number;
  readonly lateMs: number;
  /** Share of replies with a damaged byte (serial frames). */
  readonly crcRate: number;
  /** Share of replies with a byte before them that belongs to nothing. */
  readonly strayRate: number;
  /** Share of replies that bear the next unit's address. */
  readonly wrongUnitRate: number;
  /** Share of replies that come in two pieces. */
  readonly splitRate: number;
  /** What a unit thinks before it answers, ms. */
  readonly turnaroundMs: number;
  /** The adapter gives back what is sent. */
  readonly echo: boolean;
  /** Addresses that never answer. */
  readonly silentUnits: readonly string[];
  /** Addresses that two devices share: both answer. */
  readonly doubledUnits: readonly string[];
  /** Of the choice of replies. */
  readonly seed: number;
}

export const NO_FAULTS: SimulatorFaults = {
  lateRate: 0,
  lateMs: 0,
  crcRate: 0,
  strayRate: 0,
  wrongUnitRate: 0,
  splitRate: 0,
  turnaroundMs: 0,
  echo: false,
  silentUnits: [],
  doubledUnits: [],
  seed: 1,
};

/** Later than the usual timeouts (500 ms and 1 s), within the usual lateness of one second after them. */
const DEFAULT_LATE = '1200ms';
const DURATION = /^[0-9]+(\.[0-9]+)?(ms|s)$/;

type Parser = (value: string, name: string) => Partial<SimulatorFaults>;

const refuse = (name: string, value: string, takes: string): never => {
  throw new SimulatorError('faults', `--faults: ${name} takes ${takes}, not "${value}"`);
};

const share = (value: string, name: string): number => {
  const [, number] = /^([0-9]+(?:\.[0-9]+)?)%$/.exec(value) ?? [];
  const percent = Number(number ?? Number.NaN);
  return percent >= 0 && percent <= 100 ? percent / 100 : refuse(name, value, 'a share such as 3%');
};

const duration = (value: string, name: string): number =>
  DURATION.test(value) ? durationMs(value) : refuse(name, value, 'a duration such as 20ms');

const units = (value: string, name: string): readonly string[] =>
  value.split('+').map((text) => {
    const [, number] = /^(?:unit)?([0-9]{1,3})$/.exec(text) ?? [];
    return number === undefined || Number(number) > 255
      ? refuse(name, value, 'units such as unit7 or 7+9')
      : String(Number(number));
  });

const PARSERS: Readonly<Record<string, Parser>> = {
  late: (value, name) => {
    const [rate = '', after = DEFAULT_LATE, ...more] = value.split(':');
    if (more.length > 0) refuse(name, value, 'a share and a duration, such as 3%:800ms');
    return { lateRate: share(rate, name), lateMs: duration(after, name) };
  },
  crc: (value, name) => ({ crcRate: share(value, name) }),
  stray: (value, name) => ({ strayRate: share(value, name) }),
  'wrong-unit': (value, name) => ({ wrongUnitRate: share(value, name) }),
  split: (value, name) => ({ splitRate: share(value, name) }),
  turnaround: (value, name) => ({ turnaroundMs: duration(value, name) }),
  silent: (value, name) => ({ silentUnits: units(value, name) }),
  double: (value, name) => ({ doubledUnits: units(value, name) }),
  echo: (value, name) => (value === '' ? { echo: true } : refuse(name, value, 'no value')),
  seed: (value, name) =>
    /^[0-9]{1,9}$/.test(value) ? { seed: Number(value) } : refuse(name, value, 'a whole number'),
};

/**
 * Parses faults as a command line gives them: `late=3%:800ms,crc=1%,silent=unit7+9,turnaround=20ms,echo`.
 * Throws a `SimulatorError` that names the fault and what it takes.
 */
export const parseFaults = (text: string): Partial<SimulatorFaults> => {
  const faults: Partial<SimulatorFaults>[] = [];
  const named = new Set<string>();
  for (const part of text.split(',').map((each) => each.trim())) {
    const [name = '', ...value] = part.split('=');
    const parse = Object.hasOwn(PARSERS, name) ? PARSERS[name] : undefined;
    if (parse === undefined) {
      const known = nearest(name, Object.keys(PARSERS)).join(', ');
      throw new SimulatorError('faults', `--faults: there is no fault "${name}" (accepted: ${known})`);
    }
    if (named.has(name)) throw new SimulatorError('faults', `--faults: ${name} is given twice`);
    named.add(name);
    faults.push(parse(value.join('='), name));
  }
  return Object.assign({}, ...faults);
};
