import type { Value } from '#wire/terms.js';
import type { WriteResult } from '../../drivers/driver.js';
import type { Sample } from '../../drivers/sample.js';
import { applyInstallation } from '../acquisition/installation.js';
import { AcquisitionError } from '../acquisition/errors.js';
import type { PointWrite } from '../acquisition/write-point.js';
import { coefficientsOf, type Coefficients } from '../twin/coefficients.js';
import type { Configuration, ConfiguredDevice, ConfiguredPoint } from '../twin/configuration.js';
import type { WriteQuestion, WriteReport } from './agent-questions.js';
import { LocalError } from './errors.js';

export interface WriteDeps {
  readonly configuration: Pick<Configuration, 'devices'>;
  readonly write: (write: PointWrite) => Promise<WriteResult>;
}

/** Digits that survive a division by a ratio. */
const DIGITS = 12;

/** The point that is meant. Throws `AcquisitionError` where there is none. */
export const findPoint = (
  { devices }: Pick<Configuration, 'devices'>,
  { device: deviceKey, point: pointKey }: Pick<WriteQuestion, 'device' | 'point'>,
): { readonly device: ConfiguredDevice; readonly point: ConfiguredPoint } => {
  const device = devices.find(({ key }) => key === deviceKey);
  if (device === undefined) {
    const known = devices.map(({ key }) => key).join(', ');
    throw new AcquisitionError('unknown-device', `There is no device ${deviceKey}; there are: ${known}.`);
  }
  const point = device.points.find(({ map }) => map.key === pointKey);
  if (point !== undefined) return { device, point };
  const writable = device.points.filter(({ map }) => map.writable !== undefined).map(({ map }) => map.key);
  throw new AcquisitionError(
    'unknown-point',
    `Device ${deviceKey} has no point ${pointKey}; those that may be written: ${writable.join(', ') || 'none'}.`,
  );
};

/** What a person wrote as the point's value: a number, the name or code of a state, or text. */
const parseValue = (text: string, { map }: ConfiguredPoint): number | bigint | string => {
  if (map.valueType === 'text') return text;
  const state = Object.entries(map.states ?? {}).find(([, name]) => name === text);
  if (state !== undefined) return Number(state[0]);
  if (/^[+-]?\d+$/.test(text)) {
    const whole = BigInt(text.replace(/^\+/, ''));
    return Number.isSafeInteger(Number(whole)) ? Number(whole) : whole;
  }
  const number = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isFinite(number)) return number;
  const names = Object.values(map.states ?? {}).join(', ');
  throw new LocalError(
    'usage',
    `"${text}" is no value of ${map.key} (${names || `a number in ${map.unit}`})`,
  );
};

/** Inverse of `applyInstallation`. */
const asDevice = (value: number | bigint | string, { ratio, offset }: Coefficients) =>
  typeof value === 'string' || (ratio === 1 && offset === 0)
    ? value
    : Number(((Number(value) - offset) / ratio).toPrecision(DIGITS));

const plain = (value: Value): number | string => (typeof value === 'bigint' ? value.toString() : value);

const valueOf = (sample: Sample | undefined, coefficients: Coefficients): number | string | null =>
  sample === undefined || sample.value === null ? null : plain(applyInstallation(sample.value, coefficients));

/** The protocol says what it refuses, before anything is sent; that is for people, not a crash. */
const explained = async (write: Promise<WriteResult>): Promise<WriteResult> => {
  try {
    return await write;
  } catch (cause) {
    if (cause instanceof AcquisitionError) throw cause;
    if (cause instanceof Error && 'code' in cause && 'retryable' in cause)
      throw new LocalError('refused', cause.message, { cause });
    throw cause;
  }
};

/**
 * Writes one point and says what the device held before and after. Throws `AcquisitionError` for what is not
 * configured, `LocalError` 'usage' for what is no value, and 'refused' for what the profile does not allow.
 */
export const writeOnce = async (deps: WriteDeps, question: WriteQuestion): Promise<WriteReport> => {
  const { device, point } = findPoint(deps.configuration, question);
  const wanted = parseValue(question.value, point);
  const coefficients = coefficientsOf(device.installation, point.map);
  const value = asDevice(wanted, coefficients);
  const result = await explained(deps.write({ device, point, value }));
  return {
    device: device.key,
    point: point.map.key,
    unit: point.map.unit,
    wanted: plain(wanted),
    outcome: result.outcome,
    before: valueOf(result.before, coefficients),
    after: valueOf(result.after, coefficients),
    fault: result.fault?.detail ?? null,
  };
};

const shown = (value: number | string | null, unit: string): string =>
  value === null ? 'nothing' : `${value} ${unit}`;

/** A report as people read it. */
export const renderWrite = (report: WriteReport): string => {
  const { device, point, unit, wanted, outcome, before, after, fault } = report;
  const name = `${device}/${point}`;
  if (outcome === 'written') return `${name}: ${shown(before, unit)} before, ${shown(after, unit)} now`;
  if (outcome === 'differs')
    return `${name}: the device took ${shown(wanted, unit)}, but holds ${shown(after, unit)}`;
  const held = after === null ? '' : `; it holds ${shown(after, unit)}`;
  return `${name}: not written: ${fault ?? 'no reason was given'}${held}`;
};
