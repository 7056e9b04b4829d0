import { WireError } from '../errors.js';
import { MAX_PACKED } from '../limits.js';
import type { ByteReader } from './byte-reader.js';
import type { ByteWriter } from './byte-writer.js';

/** The first byte of a list: bit 6 tells the prediction, the low six bits how the residuals are written. */
const STEPS = 0x40;
const WIDTH = 0x3f;
const VARINTS = 0x3f;
const MAX_WIDTH = 53;

interface Prediction {
  readonly predictor: number;
  readonly first: number;
  readonly step: number;
  readonly residuals: Float64Array;
}

interface Plan {
  readonly prediction: Prediction;
  /** Moved from every residual into the line or the step. */
  readonly shift: number;
  /** Bits of each residual, 0 to `MAX_WIDTH`, or `VARINTS`. */
  readonly width: number;
  /** Bits of all residuals. */
  readonly cost: number;
}

/** Distance of each value from a straight line: right for periods with jitter and for noise about a level. */
const line = (values: Float64Array): Prediction => {
  const first = values[0] ?? 0;
  const count = values.length;
  const step = count < 2 ? 0 : Math.round(((values[count - 1] ?? 0) - first) / (count - 1));
  const residuals = new Float64Array(count);
  for (let index = 0; index < count; index += 1)
    residuals[index] = (values[index] ?? 0) - first - step * index;
  return { predictor: 0, first, step, residuals };
};

/** Difference of each value from its predecessor: right for drifts, walks and gaps. */
const steps = (values: Float64Array): Prediction => {
  const residuals = new Float64Array(values.length - 1);
  for (let index = 1; index < values.length; index += 1) {
    residuals[index - 1] = (values[index] ?? 0) - (values[index - 1] ?? 0);
  }
  return { predictor: STEPS, first: values[0] ?? 0, step: 0, residuals };
};

const bitsOf = (value: number): number =>
  value < 2 ** 32 ? 32 - Math.clz32(value) : 32 + bitsOf(Math.floor(value / 2 ** 32));

const zigzag = (value: number): number => (value >= 0 ? value * 2 : value * -2 - 1);

const plans = (prediction: Prediction): readonly Plan[] => {
  const { residuals } = prediction;
  let low = Infinity;
  let high = -Infinity;
  for (const residual of residuals) {
    if (residual < low) low = residual;
    if (residual > high) high = residual;
  }
  const width = bitsOf(high - low);
  const fixed = { prediction, shift: low, width, cost: width * residuals.length };
  // A varint has eight bits at least. It pays where few values are far off the others.
  if (width <= 8) return [fixed];
  const shift = residuals.toSorted()[residuals.length >> 1] ?? 0;
  let cost = 0;
  for (const residual of residuals) cost += 8 * Math.max(1, Math.ceil(bitsOf(zigzag(residual - shift)) / 7));
  return [fixed, { prediction, shift, width: VARINTS, cost }];
};

const choose = (values: Float64Array): Plan | undefined => {
  const onLine = plans(line(values));
  const all = values.length < 2 || onLine[0]?.width === 0 ? onLine : [...onLine, ...plans(steps(values))];
  return all.toSorted((a, b) => a.cost - b.cost)[0];
};

/**
 * Packs integers of magnitude ≤ `MAX_PACKED` as residuals of a line or of steps, in bits of one width or in
 * varints, whichever is smallest; none: nothing.
 */
export const writeIntegers = (writer: ByteWriter, values: Float64Array): void => {
  const plan = values.length === 0 ? undefined : choose(values);
  if (plan === undefined) return;
  const { prediction, shift, width } = plan;
  const { predictor, first, step, residuals } = prediction;
  writer.byte(predictor | width);
  writer.zigzag(predictor === STEPS ? first : first + shift);
  writer.zigzag(predictor === STEPS ? step + shift : step);
  for (let index = 0; index < residuals.length; index += 1)
    residuals[index] = (residuals[index] ?? 0) - shift;
  if (width === VARINTS) for (const residual of residuals) writer.zigzag(residual);
  else writer.bits(residuals, width);
};

const inRange = (value: number): number => {
  if (value > MAX_PACKED || value < -MAX_PACKED) {
    throw new WireError('malformed', 'a packed integer is beyond 2^50');
  }
  return value;
};

const readResiduals = (reader: ByteReader, width: number, residuals: Float64Array): void => {
  if (width === VARINTS) {
    for (let index = 0; index < residuals.length; index += 1) residuals[index] = reader.zigzag();
  } else if (width <= MAX_WIDTH) {
    reader.bits(residuals, width);
  } else {
    throw new WireError('unknown-content', `integers are packed in the unknown width ${width}`);
  }
};

/** Unpacks `count` integers. Throws `WireError`. */
export const readIntegers = (reader: ByteReader, count: number): Float64Array => {
  reader.reserve(count);
  const values = new Float64Array(count);
  if (count === 0) return values;
  const mode = reader.byte();
  if (mode >= 0x80) throw new WireError('unknown-content', `integers are packed in the unknown mode ${mode}`);
  const first = reader.zigzag();
  const step = reader.zigzag();
  if ((mode & STEPS) === 0) {
    readResiduals(reader, mode & WIDTH, values);
    for (let index = 0; index < count; index += 1) {
      values[index] = inRange(first + step * index + (values[index] ?? 0));
    }
    return values;
  }
  readResiduals(reader, mode & WIDTH, values.subarray(1));
  let previous = inRange(first);
  values[0] = previous;
  for (let index = 1; index < count; index += 1) {
    previous = inRange(previous + step + (values[index] ?? 0));
    values[index] = previous;
  }
  return values;
};
