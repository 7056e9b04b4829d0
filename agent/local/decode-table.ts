import type { RegisterPoint } from '../../drivers/profile.js';
import type { InspectedFrame } from '../../drivers/modbus/doctor/inspect-frame.js';
import {
  interpretText,
  isPlausible,
  pointsInRange,
  type Interpretation,
  type Readings,
} from '../../drivers/modbus/doctor/interpretations.js';

/** More digits than any dial shows. */
const DIGITS = 7;
const SHOWN_POINTS = 3;

const hex = (bytes: Uint8Array): string =>
  Buffer.from(bytes)
    .toString('hex')
    .match(/.{1,4}/g)
    ?.join(' ') ?? '';

const valueText = ({ value }: Interpretation): string => {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return String(value);
  return String(Number(value.toPrecision(DIGITS)));
};

/** Interpretation by interpretation, whether it is one that makes sense. */
export interface MarkedInterpretation extends Interpretation {
  /** `profile`: inside the range of `points`; `plausible`: a value that a dial could show. */
  readonly mark: 'profile' | 'plausible' | 'none';
  readonly points: readonly string[];
}

/** Marks what falls into a range of the points where some are given, else what is plausible at all. */
export const markInterpretations = (
  { interpretations, length }: Readings,
  points: readonly RegisterPoint[],
): readonly MarkedInterpretation[] =>
  interpretations.map((interpretation) => {
    const keys = pointsInRange(interpretation, length, points).map(({ key }) => key);
    const plausible = points.length === 0 && isPlausible(interpretation);
    return {
      ...interpretation,
      points: keys,
      mark: keys.length > 0 ? 'profile' : plausible ? 'plausible' : 'none',
    };
  });

const cell = (marked: MarkedInterpretation): string => {
  const more = marked.points.length > SHOWN_POINTS ? ', …' : '';
  const points =
    marked.points.length === 0 ? '' : ` (${marked.points.slice(0, SHOWN_POINTS).join(', ')}${more})`;
  return `${marked.mark === 'none' ? ' ' : '*'}${valueText(marked)}${points}`;
};

const orderRows = (marked: readonly MarkedInterpretation[]): readonly string[] => {
  const types = [...new Set(marked.map(({ type }) => type))];
  const orders = [...new Set(marked.map(({ order }) => order))];
  const rows = [
    ['', ...types],
    ...orders.map((order) => [
      order,
      ...types.map((type) => {
        const found = marked.find((each) => each.type === type && each.order === order);
        return found === undefined ? ' –' : cell(found);
      }),
    ]),
  ];
  const widths = ['', ...types].map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    `    ${row.map((text, column) => text.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd(),
  );
};

/** Registers side by side in every type and order; a star stands before what falls into a range. */
export const renderReadings = (
  bytes: Uint8Array,
  readings: readonly Readings[],
  points: readonly RegisterPoint[],
): string => {
  const blocks = readings.flatMap((each) => {
    const { register, length } = each;
    const name = length === 1 ? `register ${register}` : `registers ${register} to ${register + length - 1}`;
    const part = bytes.subarray(2 * register, 2 * (register + length));
    return [`  ${name}: ${hex(part)}`, ...orderRows(markInterpretations(each, points))];
  });
  const texts = interpretText(bytes).map(({ order, value }) => `  text (${order}): ${JSON.stringify(value)}`);
  return [...blocks, ...texts].join('\n');
};

const bits = (packed: Uint8Array): string =>
  [...packed].map((byte) => byte.toString(2).padStart(8, '0').split('').toReversed().join('')).join(' ');

const word = (value: number, digits: number): string => `0x${value.toString(16).padStart(digits, '0')}`;

const FRAMINGS = { rtu: 'RTU', tcp: 'TCP', ascii: 'ASCII' } as const;

/** A frame in words. */
export const renderFrame = (frame: InspectedFrame): string => {
  const { framing, unit, functionName, kind, checksum, transaction, detail } = frame;
  const name = framing === 'ascii' ? 'LRC' : 'CRC';
  const digits = framing === 'ascii' ? 2 : 4;
  const sum =
    checksum === undefined
      ? `transaction ${transaction ?? 0}`
      : checksum.holds
        ? `${name} holds`
        : `${name} WRONG: ${word(checksum.found, digits)} where ${word(checksum.expected, digits)} belongs`;
  const what = kind === 'unknown' ? '' : ` ${kind}`;
  return [
    `Modbus ${FRAMINGS[framing]}${what}, unit ${unit}, function ${frame.function} (${functionName}): ${detail}; ${sum}`,
    ...(frame.bits === undefined ? [] : [`  bits, the first one left: ${bits(frame.bits)}`]),
  ].join('\n');
};
