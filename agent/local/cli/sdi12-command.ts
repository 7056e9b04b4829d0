import { openChannel } from '../../../drivers/channel/open-channel.js';
import { sdi12Dialect } from '../../../drivers/sdi12/dialect.js';
import type { ParameterDescription } from '../../../drivers/sdi12/responses.js';
import { createSdi12Bus, type Sdi12Bus } from '../../../drivers/sdi12/sdi12-bus.js';
import { Sdi12Error } from '../../../drivers/sdi12/sdi12-error.js';
import { delay } from '../../clock/timers.js';
import { LocalError } from '../errors.js';
import { EXIT } from './exit-codes.js';
import { printResult, type Output } from './output.js';
import { placeOf } from './scan-command.js';
import type { Asker } from './write-command.js';

/** The line that is asked, as `scan` takes it. */
export interface Sdi12LineOptions {
  readonly bus: string;
  readonly config: string | undefined;
  readonly baud: string | undefined;
  readonly format: string | undefined;
  readonly profiles: readonly string[];
  readonly json: boolean;
}

export interface Sdi12AddressOptions extends Sdi12LineOptions {
  readonly from: string;
  readonly to: string;
  readonly yes: boolean;
}

export interface Sdi12DescribeOptions extends Sdi12LineOptions {
  readonly address: string;
  /** `M`, `C1`, `RC0`, ... */
  readonly measurement: string;
}

const usage = (message: string): never => {
  throw new LocalError('usage', message);
};

const checked = (text: string, framing: string): string => {
  const parsed = sdi12Dialect.address(text, framing);
  return 'value' in parsed ? parsed.value : usage(parsed.problem);
};

const withBus = async <T>(options: Sdi12LineOptions, work: (bus: Sdi12Bus) => Promise<T>): Promise<T> => {
  const { protocol } = sdi12Dialect;
  const { target, naming } = await placeOf({ ...options, protocol, framing: undefined });
  if (naming.protocol !== protocol)
    return usage(`bus ${options.bus} speaks ${naming.protocol}, not ${protocol}`);
  const { timeoutMs: serialMs, tcpTimeoutMs } = sdi12Dialect.line;
  const timeoutMs = target.endpoint.type === 'serial' ? serialMs : tcpTimeoutMs;
  const settings = {
    key: naming.bus,
    endpoint: target.endpoint,
    framing: target.framing,
    timeoutMs,
    latenessMs: timeoutMs,
    pauseMs: 0,
  };
  const bus = createSdi12Bus(settings, { openChannel, now: () => performance.now(), delay });
  try {
    return await work(bus);
  } finally {
    await bus.close();
  }
};

/** What the sensor says that it is; not every one says so. */
const nameOf = async (bus: Sdi12Bus, address: string, signal: AbortSignal): Promise<string> => {
  try {
    const { vendor, model, serial } = await bus.identify(address, signal);
    return [vendor, model, serial].filter((part) => part !== '').join(' ');
  } catch (error) {
    if (error instanceof Sdi12Error && error.code !== 'closed')
      return 'a sensor that does not say what it is';
    throw error;
  }
};

const agreed = async (question: string, asker: Asker, signal: AbortSignal): Promise<boolean> => {
  if (!asker.isPerson) return usage('nobody can be asked here: say --yes to change the address');
  return /^y(es)?$/i.test((await asker.ask(question, signal)).trim());
};

/** Gives a sensor another address, at which nobody may answer yet. Asks first; without a terminal it needs `yes`. */
export const sdi12AddressCommand = async (
  options: Sdi12AddressOptions,
  output: Output,
  asker: Asker,
  signal: AbortSignal,
): Promise<number> => {
  const [from, to] = [checked(options.from, 'sdi12'), checked(options.to, 'sdi12')];
  if (from === to) return usage(`the sensor has the address ${to} already`);
  return withBus(options, async (bus) => {
    if (!(await bus.answers(from, signal)))
      throw new Sdi12Error({ code: 'timeout', detail: `no sensor answers at ${from}` });
    const sensor = await nameOf(bus, from, signal);
    if (
      !options.yes &&
      !(await agreed(`Give ${sensor} the address ${to} in place of ${from}? [y/N] `, asker, signal))
    ) {
      output.explain('nothing was changed');
      return EXIT.failed;
    }
    await bus.changeAddress(from, to, signal);
    const result = { sensor, from, to };
    printResult(output, result, options.json, () => `${sensor}: address ${from} before, ${to} now`);
    output.explain(`back: terroir-agent sdi12 address --bus ${options.bus} ${to} ${from}`);
    return EXIT.done;
  });
};

interface Described extends Pick<ParameterDescription, 'code' | 'unit'> {
  readonly field: string;
  readonly text: string;
}

const render = (values: readonly Described[]): string =>
  values.map(({ field, code, unit, text }) => `${field}  ${code}  ${unit}  ${text}`.trimEnd()).join('\n');

/** Says what each value of a measurement is, by the sensor's own metadata (SDI-12 1.4, 6). */
export const sdi12DescribeCommand = async (
  options: Sdi12DescribeOptions,
  output: Output,
  signal: AbortSignal,
): Promise<number> => {
  const { measurement } = options;
  const address = checked(options.address, 'sdi12');
  return withBus(options, async (bus) => {
    // Profiles name a measurement without the C of its CRC.
    const name = measurement.replace(/^([MCR])C/, '$1');
    const described = await bus.describe(address, measurement, signal);
    const values = described.map(({ code, unit, more }, index): Described => ({
      field: `${name}.${index + 1}`,
      code,
      unit,
      text: more.join(', '),
    }));
    if (values.length === 0) output.explain(`${measurement} has no values here`);
    printResult(output, values, options.json, render);
    return values.length > 0 ? EXIT.done : EXIT.failed;
  });
};
