import { hostname } from 'node:os';
import { openChannel } from '../../../drivers/channel/open-channel.js';
import { listProfiles, loadProfile } from '../../../drivers/profile-file.js';
import type { Profile } from '../../../drivers/profile.js';
import { DIALECTS } from '../../../drivers/dialects.js';
import type { Dialect } from '../../../drivers/dialect.js';
import type { FindProgress, FindReport, FindTarget } from '../../../drivers/finder.js';
import { FINDERS } from '../../../drivers/finders.js';
import { delay } from '../../clock/timers.js';
import { readConfiguration } from '../../twin/configuration-file.js';
import { LocalError } from '../errors.js';
import { scanConfiguration, type ScanNaming } from '../scan-configuration.js';
import { progressLine, renderScan } from '../scan-summary.js';
import { serialEndpoint } from '../serial-endpoint.js';
import { stablePath } from '../stable-path.js';
import { askStatus } from '../status-socket.js';
import { parseAddresses } from './address-list.js';
import { EXIT } from './exit-codes.js';
import type { Output } from './output.js';
import type { Terminal } from './terminal.js';

export interface ScanCommandOptions {
  /** `tcp://host:port`, `rtu-over-tcp://host:port`, `serial:/dev/...`, or with `config` the key of a bus. */
  readonly bus: string;
  readonly config: string | undefined;
  readonly baud: string | undefined;
  readonly format: string | undefined;
  readonly framing: string | undefined;
  /** By name; absent: that of the configuration's bus, else Modbus. */
  readonly protocol?: string | undefined;
  /** `1-32,100`; of SDI-12 `0-9,a-f`. */
  readonly addresses: string | undefined;
  readonly force: boolean;
  /** Longest time that the search for addresses may take, ms. */
  readonly withinMs: number;
  readonly listenMs: number;
  readonly json: boolean;
  readonly profiles: readonly string[];
}

const usage = (message: string): never => {
  throw new LocalError('usage', message);
};

const serialFraming = (text: string | undefined): string =>
  text === undefined || text === 'rtu' || text === 'ascii'
    ? (text ?? 'rtu')
    : usage(`--framing takes rtu or ascii, not "${text}"`);

/** Where to look, as a command line says it. */
export type LineOptions = Pick<ScanCommandOptions, 'bus' | 'baud' | 'format' | 'framing' | 'protocol'>;

/** Of Modbus, which lays its frames in several ways. */
const modbusTarget = (options: LineOptions): FindTarget => {
  const { bus, baud, format, framing } = options;
  if (bus.startsWith('serial:')) {
    const endpoint = serialEndpoint(bus.slice('serial:'.length), baud, format);
    return { endpoint, framing: serialFraming(framing), settled: baud !== undefined || format !== undefined };
  }
  const { scheme, endpoint } = tcpTarget(options, MODBUS_PORT);
  if (scheme === 'tcp' && framing !== undefined) usage('--framing belongs to serial lines and rtu-over-tcp');
  return { endpoint, framing: scheme === 'tcp' ? 'tcp' : serialFraming(framing), settled: true };
};

const MODBUS_PORT = '502';

const tcpTarget = (
  { bus, baud, format }: LineOptions,
  usualPort: string,
): { readonly scheme: string; readonly endpoint: FindTarget['endpoint'] } => {
  const [, scheme, host = '', port = scheme === 'tcp' ? usualPort : ''] =
    /^(tcp|rtu-over-tcp):\/\/(\[[0-9a-fA-F:.]+\]|[^:/[\]]+)(?::([0-9]{1,5}))?\/?$/.exec(bus) ?? [];
  if (scheme === undefined || Number(port) < 1 || Number(port) > 65_535)
    return usage(
      `--bus takes tcp://HOST:PORT, rtu-over-tcp://HOST:PORT or serial:/dev/..., not "${bus}" (a bus's key needs --config)`,
    );
  if (baud !== undefined || format !== undefined) usage('--baud and --format belong to a serial port');
  return { scheme, endpoint: { type: 'tcp', host: host.replaceAll(/[[\]]/g, ''), port: Number(port) } };
};

/** Of the other protocols: through a serial server they are plain `tcp`. */
const otherTarget = (options: LineOptions, { line, framings, protocol }: Dialect): FindTarget => {
  const { bus, baud, format, framing = framings[0] } = options;
  if (!framings.includes(framing))
    usage(`--framing takes ${framings.join(' or ')} for ${protocol}, not "${framing}"`);
  if (bus.startsWith('serial:')) {
    const speed = baud ?? String(line.baudRate);
    const endpoint = serialEndpoint(bus.slice('serial:'.length), speed, format ?? line.format);
    return { endpoint, framing, settled: baud !== undefined || format !== undefined };
  }
  const { scheme, endpoint } = tcpTarget(options, String(line.tcpPort ?? ''));
  if (scheme !== 'tcp') usage(`${scheme} is of Modbus; ${protocol} through a serial server is tcp`);
  return { endpoint, framing, settled: true };
};

const dialectOf = (protocol = 'modbus'): Dialect =>
  DIALECTS.get(protocol) ?? usage(`--protocol takes ${[...FINDERS.keys()].join(', ')}, not "${protocol}"`);

/** Where to look, by the command line alone. */
export const targetOf = (options: LineOptions): FindTarget => {
  const dialect = dialectOf(options.protocol);
  return dialect.protocol === 'modbus' ? modbusTarget(options) : otherTarget(options, dialect);
};

interface Place {
  readonly target: FindTarget;
  readonly naming: Omit<ScanNaming, 'stablePath'>;
}

/** Where to look, by the command line or by a bus of a configuration whose agent does not run. */
export const placeOf = async (
  options: LineOptions & Pick<ScanCommandOptions, 'config' | 'profiles'>,
): Promise<Place> => {
  if (options.config === undefined) {
    const target = targetOf(options);
    return {
      target,
      naming: {
        gateway: hostname(),
        bus: target.endpoint.type === 'serial' ? 'line' : 'net',
        protocol: options.protocol ?? 'modbus',
      },
    };
  }
  const { buses, name, dataFolder } = readConfiguration(options.config, options.profiles);
  const bus = buses.find(({ key }) => key === options.bus);
  if (bus === undefined)
    return usage(`there is no bus ${options.bus} (accepted: ${buses.map(({ key }) => key).join(', ')})`);
  if ((await askStatus(dataFolder)) !== undefined)
    throw new LocalError('running', 'the agent runs and owns its buses; stop it to ask one of them here');
  const { endpoint, framing, protocol } = bus;
  if (endpoint.type === 'gpio') return usage(`${bus.key} has digital inputs; ${CONTACT}`);
  return { target: { endpoint, framing, settled: true }, naming: { gateway: name, bus: bus.key, protocol } };
};

/** A profile that is not in order must not keep a technician from finding the others. */
const loadProfiles = (folders: readonly string[], protocol: string, output: Output): readonly Profile[] =>
  listProfiles(folders).flatMap((id) => {
    try {
      const profile = loadProfile(folders, id);
      return profile.protocol === protocol ? [profile] : [];
    } catch (error) {
      output.explain(`left out: ${error instanceof Error ? error.message : String(error)}`);
      return [];
    }
  });

/** Shows progress in one line that is written over, or a line for each phase and setting. */
const createProgress = (terminal: Terminal): ((progress: FindProgress) => void) => {
  let phase = '';
  let beganAt = 0;
  let shown = '';
  return (progress) => {
    if (progress.phase !== phase) beganAt = performance.now();
    phase = progress.phase;
    if (terminal.live) return terminal.replace(progressLine(progress, performance.now() - beganAt));
    const heading = `${progress.phase} ${progress.what.replace(/, (address|devices) .*$/, '')}`;
    if (heading !== shown) terminal.write(heading);
    shown = heading;
  };
};

const now = (): number => performance.now();

const asJson = (report: FindReport, configuration: string): string => {
  const { devices, ...rest } = report;
  const units = devices.map(({ address, best, certain, rivals, samples, says = null }) => ({
    address,
    says,
    profile: best?.profile.id ?? null,
    bits: best?.bits === undefined ? null : Math.round(best.bits * 10) / 10,
    certain,
    identified: best?.identified ?? false,
    rivals: rivals.map(({ profile }) => profile.id),
    values: Object.fromEntries(
      samples.map(({ point, value }) => [point, typeof value === 'bigint' ? value.toString() : value]),
    ),
  }));
  return JSON.stringify({ ...rest, units, configuration }, null, 2);
};

const CONTACT =
  'a contact cannot be searched for, since it says nothing until it closes: name its line in the configuration, as config/examples/pulse.yaml does, and let watch show its pulses';

/** Looks for devices; the configuration goes to stdout, all else to stderr. Fails where nothing was found. */
export const scanCommand = async (
  options: ScanCommandOptions,
  output: Output,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> => {
  const { force, listenMs, withinMs } = options;
  if (options.protocol === 'pulse' || options.bus.startsWith('gpio:')) return usage(CONTACT);
  const { target, naming } = await placeOf(options);
  const addresses =
    options.addresses === undefined
      ? {}
      : { addresses: parseAddresses(options.addresses, dialectOf(naming.protocol), target.framing) };
  const find = FINDERS.get(naming.protocol);
  if (find === undefined)
    return usage(`nothing finds devices of ${naming.protocol} (accepted: ${[...FINDERS.keys()].join(', ')})`);
  const profiles = loadProfiles(options.profiles, naming.protocol, output);
  const deps = { openChannel, now, delay, progress: createProgress(terminal) };
  const search = { target, profiles, force, listenMs, lookMs: withinMs, ...addresses };
  const report = await find(search, deps, signal).finally(() => terminal.clear());
  const path = target.endpoint.type === 'serial' ? stablePath(target.endpoint.path) : undefined;
  const configuration = scanConfiguration(report, {
    ...naming,
    ...(path === undefined ? {} : { stablePath: path }),
  });
  if (options.json) output.print(asJson(report, configuration));
  else {
    output.explain(renderScan(report));
    if (report.devices.length > 0) output.print(configuration);
  }
  return report.devices.length > 0 ? EXIT.done : EXIT.failed;
};
