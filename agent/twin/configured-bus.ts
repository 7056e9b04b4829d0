import type { Dialect } from '../../drivers/dialect.js';
import { DIALECTS } from '../../drivers/dialects.js';
import type { BusSettings, Endpoint } from '../../drivers/driver.js';
import { durationMs } from '../../drivers/document/duration.js';
import type { Path, Report } from '../../drivers/document/yaml-document.js';
import { modbusDialect } from '../../drivers/modbus/dialect.js';
import type { BusFields } from './configuration-fields.js';
import type { ConfiguredBus } from './configuration.js';

/** Design, I4. */
const LATENESS_MS = 1000;

const ENDPOINTS = ['tcp', 'serial', 'rtu-over-tcp', 'ascii-over-tcp', 'gpio'] as const;
const PARITIES: Readonly<Record<string, 'none' | 'even' | 'odd'>> = { N: 'none', E: 'even', O: 'odd' };

const tcpEndpoint = (text: string, defaultPort: number | undefined, path: Path, report: Report): Endpoint => {
  const [, host = '', port] =
    /^(.*?)(?::([0-9]+))?$/.exec(text.replace(/^\[(.*)\]/, (_, inside) => inside)) ?? [];
  const number = port === undefined ? (defaultPort ?? 0) : Number(port);
  if (number < 1 || number > 65_535) report(path, `${text} has no port from 1 to 65535`);
  return { type: 'tcp', host, port: number };
};

const serialEndpoint = (fields: BusFields, path: string, { line }: Dialect): Endpoint => {
  const format = fields.format ?? line.format;
  return {
    type: 'serial',
    path,
    baudRate: fields.baud ?? line.baudRate,
    dataBits: format.startsWith('7') ? 7 : 8,
    parity: PARITIES[format[1] ?? ''] ?? 'none',
    stopBits: format.endsWith('2') ? 2 : 1,
    ...(fields.direction === undefined ? {} : { direction: fields.direction }),
  };
};

/** Digital inputs are of a chip, and what speaks is on none. */
const checkInputs = (fields: BusFields, { protocol }: Dialect, path: Path, report: Report): void => {
  if (protocol === 'pulse') {
    if (fields.gpio === undefined) report(path, 'pulses are counted on a chip of digital inputs', ['gpio']);
    for (const key of ['baud', 'format', 'direction'] as const)
      if (fields[key] !== undefined) report([...path, key], 'belongs to a serial bus only');
  } else if (fields.gpio !== undefined)
    report([...path, 'gpio'], `${protocol} is not spoken by digital inputs`, ['protocol: pulse']);
};

const endpointOf = (
  fields: BusFields,
  dialect: Dialect,
  path: Path,
  report: Report,
): BusSettings['endpoint'] | undefined => {
  if (ENDPOINTS.filter((key) => fields[key] !== undefined).length !== 1) {
    report(path, 'needs exactly one of tcp, serial, rtu-over-tcp, ascii-over-tcp and gpio', ENDPOINTS);
    return undefined;
  }
  checkInputs(fields, dialect, path, report);
  if (fields.gpio !== undefined) return { type: 'gpio', chip: fields.gpio };
  if (fields.serial !== undefined) return serialEndpoint(fields, fields.serial, dialect);
  for (const key of ['baud', 'format', 'framing', 'direction'] as const) {
    if (fields[key] !== undefined) report([...path, key], 'belongs to a serial bus only');
  }
  for (const key of ['rtu-over-tcp', 'ascii-over-tcp'] as const) {
    const through = fields[key];
    if (through !== undefined && dialect.protocol !== 'modbus')
      report([...path, key], `is of Modbus; ${dialect.protocol} through a serial server is tcp`, ['tcp']);
    if (through !== undefined) return tcpEndpoint(through, undefined, [...path, key], report);
  }
  return tcpEndpoint(fields.tcp ?? '', dialect.line.tcpPort, [...path, 'tcp'], report);
};

/** What a bus is known by on the machine: no two buses may have the same. */
export const endpointName = (endpoint: BusSettings['endpoint']): string => {
  if (endpoint.type === 'gpio') return endpoint.chip;
  if (endpoint.type === 'serial') return endpoint.path;
  const host = endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host;
  return `${host.toLowerCase()}:${endpoint.port}`;
};

const modbusFraming = (fields: BusFields, path: Path, report: Report): string => {
  if (fields.tcp !== undefined) return 'tcp';
  if (fields['ascii-over-tcp'] !== undefined) return 'ascii';
  const framing = fields.framing ?? 'rtu';
  if (framing !== 'rtu' && framing !== 'ascii')
    report([...path, 'framing'], `${framing} is none of a serial line`, ['rtu', 'ascii']);
  return framing;
};

const framingOf = (fields: BusFields, dialect: Dialect, path: Path, report: Report): string => {
  if (dialect.protocol === 'modbus') return modbusFraming(fields, path, report);
  const framing = fields.framing ?? dialect.framings[0];
  if (!dialect.framings.includes(framing))
    report([...path, 'framing'], `${framing} is none of ${dialect.protocol}`, dialect.framings);
  return framing;
};

/** Fills in one bus. What is wrong is reported; `undefined` where it has no usable endpoint. */
export const buildBus = (key: string, fields: BusFields, report: Report): ConfiguredBus | undefined => {
  const path = ['buses', key];
  const dialect = DIALECTS.get(fields.protocol ?? 'modbus') ?? modbusDialect;
  if (fields.protocol !== undefined && dialect.protocol !== fields.protocol)
    report([...path, 'protocol'], `${fields.protocol} is not spoken by this program`, [...DIALECTS.keys()]);
  const endpoint = endpointOf(fields, dialect, path, report);
  if (endpoint === undefined) return undefined;
  const usual = endpoint.type === 'serial' ? dialect.line.timeoutMs : dialect.line.tcpTimeoutMs;
  const timeoutMs = fields.timeout === undefined ? usual : durationMs(fields.timeout);
  const latenessMs =
    fields.lateness === undefined ? Math.max(LATENESS_MS, timeoutMs) : durationMs(fields.lateness);
  if (timeoutMs < 1) report([...path, 'timeout'], 'must be above 0');
  if (latenessMs < timeoutMs) {
    report(
      [...path, 'lateness'],
      `${fields.lateness} is below the timeout of ${timeoutMs}ms: a reply could still come`,
    );
  }
  return {
    key,
    protocol: dialect.protocol,
    endpoint,
    framing: framingOf(fields, dialect, path, report),
    timeoutMs,
    latenessMs,
    pauseMs: durationMs(fields.pause ?? '0ms'),
  };
};
