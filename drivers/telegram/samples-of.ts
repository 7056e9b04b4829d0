import type { Sample } from '../sample.js';
import type { FieldPoint } from '../profile.js';
import type { Field, Telegram } from './telegram.js';

const NO_BYTES = new Uint8Array(0);

/** Decimal digits that a double carries for certain. */
const EXACT_DIGITS = 15;

/** Stored value = the field's × scale + offset; whole numbers stay exact, others keep no digits of the arithmetic. */
const scaled = (value: number | bigint, { scale, offset, decimals }: FieldPoint): number | bigint => {
  if (scale === 1 && offset === 0)
    return typeof value === 'number' && decimals !== undefined ? Number(value.toFixed(decimals)) : value;
  if (typeof value === 'bigint' && Number.isInteger(scale) && Number.isInteger(offset))
    return value * BigInt(scale) + BigInt(offset);
  const exact = Number((Number(value) * scale + offset).toPrecision(EXACT_DIGITS));
  return decimals === undefined ? exact : Number(exact.toFixed(decimals));
};

const valueOf = ({ value }: Field, point: FieldPoint): Sample['value'] => {
  if (value === null) return null;
  if (point.valueType === 'text') return String(value);
  return typeof value === 'string' ? null : scaled(value, point);
};

/** One point's sample out of one telegram. `at` is the monotonic ms that the samples bear. */
const sampleOf = (point: FieldPoint, telegram: Telegram, at: number): Sample => {
  const field = telegram.fields.get(point.field);
  if (field === undefined) {
    const fault = { code: 'decode', detail: `the telegram has no field ${point.field}` } as const;
    return { point: point.key, value: null, raw: NO_BYTES, at, fault };
  }
  const value = valueOf(field, point);
  const text = value === null && field.value !== null && field.fault === undefined;
  const fault = text
    ? ({ code: 'decode', detail: `${point.field} is no number: "${String(field.value)}"` } as const)
    : field.fault;
  const deviceTime = field.deviceTime ?? telegram.deviceTime;
  const deviceClock = field.deviceClock ?? telegram.deviceClock;
  return {
    point: point.key,
    value: fault === undefined ? value : null,
    raw: field.raw,
    at,
    ...(fault === undefined ? {} : { fault }),
    ...(field.doubt === undefined ? {} : { doubt: field.doubt }),
    ...(deviceTime === undefined ? {} : { deviceTime }),
    ...(deviceTime === undefined || deviceClock === undefined ? {} : { deviceClock }),
  };
};

/** One sample for each point; a field that the telegram lacks is a fault of its point alone. */
export const samplesOf = (points: readonly FieldPoint[], telegram: Telegram, at: number): readonly Sample[] =>
  points.map((point) => sampleOf(point, telegram, at));
