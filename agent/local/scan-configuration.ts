import type { Sample } from '../../drivers/sample.js';
import type { Profile } from '../../drivers/profile.js';
import type { FindReport, FoundDevice } from '../../drivers/finder.js';
import { serialFormat } from './serial-endpoint.js';

export interface ScanNaming {
  readonly gateway: string;
  readonly bus: string;
  readonly protocol: string;
  /** A name of the port that stays after a replug, where there is one. */
  readonly stablePath?: string;
}

const SHOWN_VALUES = 4;
/** More digits than any dial shows. */
const DIGITS = 6;

const quoted = (text: string): string =>
  /^[A-Za-z/][A-Za-z0-9/._-]*$/.test(text) ? text : JSON.stringify(text);

/** Numbers and letters stand as they are, where YAML takes them for nothing else: not 0123, 12E3 or null. */
export const quotedAddress = (address: string): string =>
  /^(?:0|[1-9]\d{0,14}|[A-Za-z]{1,3})$/.test(address) ? address : JSON.stringify(address);

const slug = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');

const busLines = (
  { endpoint, framing }: FindReport,
  { bus, protocol, stablePath }: ScanNaming,
): readonly string[] => {
  const modbus = protocol === 'modbus';
  const head = [`  ${bus}:`, ...(modbus ? [] : [`    protocol: ${protocol}`])];
  if (endpoint.type === 'tcp') {
    const host = endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host;
    const kind = framing === 'tcp' || !modbus ? 'tcp' : `${framing}-over-tcp`;
    return [...head, `    ${kind}: "${host}:${endpoint.port}"`];
  }
  if (endpoint.type !== 'serial') return head;
  return [
    ...head,
    `    serial: ${quoted(stablePath ?? endpoint.path)}`,
    `    baud: ${endpoint.baudRate}`,
    `    format: ${serialFormat(endpoint)}`,
    ...(modbus && framing === 'ascii' ? ['    framing: ascii'] : []),
  ];
};

const valueText = (value: Sample['value']): string =>
  typeof value === 'number' && !Number.isInteger(value)
    ? String(Number(value.toPrecision(DIGITS)))
    : String(value);

/** Some values as they were read, so that they can be held against the dial. */
export const shownValues = (profile: Profile, samples: readonly Sample[]): readonly string[] =>
  profile.points
    .flatMap((point) => {
      const value = samples.find((sample) => sample.point === point.key)?.value ?? null;
      return value === null || value === 0 ? [] : `${point.name} ${valueText(value)} ${point.unit}`;
    })
    .slice(0, SHOWN_VALUES);

const deviceLines = (unit: FoundDevice, bus: string): readonly string[] => {
  const { address, best, certain, rivals, samples, says } = unit;
  const at = address === '' ? '' : `, address: ${quotedAddress(address)}`;
  if (best === undefined) {
    return [
      `  # A device answers${address === '' ? '' : ` at address ${address}`}, and no profile fits it. Describe its points, or add a profile:`,
      ...(says === undefined ? [] : [`  # it says ${JSON.stringify(says)}`]),
      `  # device-${slug(address)}: { bus: ${bus}${at}, points: {} }`,
    ];
  }
  const values = shownValues(best.profile, samples).join(', ');
  return [
    `  ${slug(`${best.profile.id.split('/').at(-1) ?? 'device'} ${address}`)}:`,
    ...(values === '' ? [] : [`    # reads: ${values}`]),
    ...(certain ? [] : ['    # little speaks for this profile: compare the values with the dial']),
    ...rivals.map(({ profile }) => `    # or, fitting nearly as well: ${profile.id}`),
    `    bus: ${bus}`,
    ...(address === '' ? [] : [`    address: ${quotedAddress(address)}`]),
    `    profile: ${best.profile.id}`,
  ];
};

/** A configuration with what was found, as text: `check` finds it in order. */
export const scanConfiguration = (report: FindReport, naming: ScanNaming): string => {
  const devices = report.devices.flatMap((unit) => deviceLines(unit, naming.bus));
  const some = report.devices.some(({ best }) => best !== undefined);
  return [
    `gateway: { name: ${JSON.stringify(naming.gateway)} }`,
    'buses:',
    ...busLines(report, naming),
    some ? 'devices:' : 'devices: {}',
    ...devices,
  ].join('\n');
};
