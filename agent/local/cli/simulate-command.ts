import { DIALECTS } from '../../../drivers/dialects.js';
import { loadProfile } from '../../../drivers/profile-file.js';
import { parseFaults } from '../../../drivers/simulator/faults.js';
import { startSimulator, type SimulatorSettings } from '../../../drivers/simulator/start-simulator.js';
import { LocalError } from '../errors.js';
import { serialEndpoint } from '../serial-endpoint.js';
import { EXIT } from './exit-codes.js';
import type { Output } from './output.js';

export interface SimulateOptions {
  /** `<profile>` or `<profile>@<unit>`. */
  readonly devices: readonly string[];
  readonly tcp: string | undefined;
  readonly serial: string | undefined;
  readonly baud: string | undefined;
  readonly format: string | undefined;
  readonly framing: string | undefined;
  readonly faults: string | undefined;
  readonly seed: number;
  readonly profiles: readonly string[];
}

const parseListen = (text: string): { readonly host: string; readonly port: number } => {
  const [, host = '', port = ''] = /^(.+):(\d{1,5})$/.exec(text) ?? [];
  if (host === '' || Number(port) > 65_535) {
    throw new LocalError('usage', `--tcp takes HOST:PORT, for example 127.0.0.1:1502, not "${text}"`);
  }
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
};

const listenOf = (options: SimulateOptions): SimulatorSettings['listen'] => {
  const { tcp, serial, baud, format } = options;
  if (tcp !== undefined && serial === undefined) {
    if (baud === undefined && format === undefined) return parseListen(tcp);
    throw new LocalError('usage', '--baud and --format belong to --serial');
  }
  if (serial !== undefined && tcp === undefined) return serialEndpoint(serial, baud, format);
  throw new LocalError('usage', 'say where to serve: --tcp HOST:PORT or --serial PATH, one of them');
};

const MODBUS_FRAMINGS = { tcp: ['tcp', 'rtu', 'ascii'], serial: ['rtu', 'ascii'] } as const;

const framingOf = (
  text: string | undefined,
  line: keyof typeof MODBUS_FRAMINGS,
  protocol: string,
): SimulatorSettings['framing'] => {
  const accepted: readonly SimulatorSettings['framing'][] =
    protocol === 'modbus' ? MODBUS_FRAMINGS[line] : (DIALECTS.get(protocol)?.framings ?? []);
  const framing = text === undefined ? accepted[0] : accepted.find((each) => each === text);
  if (framing !== undefined) return framing;
  throw new LocalError('usage', `--framing takes ${accepted.join(' or ')} with --${line}, not "${text}"`);
};

/** Serves simulated devices until the signal aborts. */
export const simulateCommand = async (
  options: SimulateOptions,
  output: Output,
  signal: AbortSignal,
): Promise<number> => {
  const listen = listenOf(options);
  const faults = options.faults === undefined ? {} : parseFaults(options.faults);
  const units = options.devices.map((text, index) => {
    const [profile = '', address = String(index + 1)] = text.split('@');
    return { address, profile: loadProfile(options.profiles, profile), seed: options.seed + index };
  });
  const protocol = units[0]?.profile.protocol ?? 'modbus';
  const framing = framingOf(options.framing, 'host' in listen ? 'tcp' : 'serial', protocol);
  const simulator = await startSimulator({ listen, framing, units, now: () => Date.now(), faults });
  const where = 'host' in listen ? `${listen.host}:${simulator.port}` : listen.path;
  for (const { address, profile } of units) {
    output.print(`${profile.id} answers as unit ${address} on ${where} (${protocol} ${framing})`);
  }
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await simulator.close();
  return EXIT.done;
};
