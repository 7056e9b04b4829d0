import { isFieldPoint, type FieldPoint, type Profile } from '../../profile.js';
import type { PointValues } from '../../simulator/point-values.js';
import { unescapeText } from '../escapes.js';
import { ADDRESS_FIELD, type Instrument } from '../instrument.js';
import type { PatternNode } from '../pattern/parse-pattern.js';
import { patternOf } from '../pattern/pattern.js';

/** Whether a text may stand in a field. */
type Fits = (text: string) => boolean;
type Write = (name: string, fits: Fits) => string | undefined;

const PLACES = [3, 2, 1, 0, 4, 5, 6];
const WIDEST = 12;

/** Ways to write a number: as many digits as the field takes, as wide as it wants to be. */
const writings = (value: number, comma: boolean): readonly string[] => {
  const bare = PLACES.map((places) => Math.abs(value).toFixed(places)).map((text) =>
    comma ? text.replace('.', ',') : text,
  );
  const signs = value < 0 ? ['-'] : ['', '+'];
  return bare.flatMap((text) =>
    signs.flatMap((sign) => [
      sign + text,
      ...Array.from(
        { length: WIDEST - text.length },
        (_, more) => sign + text.padStart(text.length + more + 1, '0'),
      ),
      ...Array.from({ length: WIDEST - text.length }, (_, more) =>
        (sign + text).padStart(text.length + more + 1),
      ),
    ]),
  );
};

/** What a device says in a field: of its points what they are worth, of others what is sound. */
const fieldWriter = (
  { section }: Instrument,
  points: readonly FieldPoint[],
  address: string,
  value: (point: FieldPoint) => number | string,
): Write => {
  const { fields = {}, status, decimal } = section;
  const numberOf = (point: FieldPoint): number => (Number(value(point)) - point.offset) / point.scale;
  const unitOf = (name: string): readonly [string, number] | undefined =>
    Object.entries(fields[name]?.units ?? {})[0];
  return (name, fits) => {
    const point = points.find(({ field }) => field === name);
    if (name === ADDRESS_FIELD && fits(address)) return address;
    if (name === status?.field) return status.sound.find(fits);
    const measured = Object.entries(fields).find(([, { unit }]) => unit === name)?.[0];
    if (measured !== undefined) return unitOf(measured)?.[0];
    if (point === undefined) return undefined;
    const { codes, type } = fields[name] ?? {};
    if (codes !== undefined) {
      const code = Math.round(numberOf(point));
      return Object.keys(codes).find((text) => codes[text] === code) ?? Object.keys(codes)[0];
    }
    if (type === 'text') return [String(value(point))].find(fits);
    const number = numberOf(point) / (unitOf(name)?.[1] ?? 1);
    if (type === 'hex')
      return [2, 4, 8]
        .map((width) => Math.round(number).toString(16).toUpperCase().padStart(width, '0'))
        .find(fits);
    const whole = type === 'integer' ? Math.round(number) : number;
    return writings(whole, decimal === ',').find(fits);
  };
};

const firstOf = (set: Uint8Array): string => {
  const printable = set.findIndex((held, code) => held === 1 && code > 0x20);
  return String.fromCharCode(printable < 0 ? set.indexOf(1) : printable);
};

const groupsIn = (node: PatternNode): readonly string[] => {
  if (node.type === 'set') return [];
  if (node.type === 'group') return [node.name, ...groupsIn(node.node)];
  return (node.type === 'repeat' ? [node.node] : node.nodes).flatMap(groupsIn);
};

/** The shortest text that matches a pattern, its groups written by `write`; of alternatives the one with most of them. */
const writePattern = (node: PatternNode, names: readonly string[], write: Write): string => {
  const inner = (each: PatternNode): string => writePattern(each, names, write);
  switch (node.type) {
    case 'set':
      return firstOf(node.set);
    case 'sequence':
      return node.nodes.map(inner).join('');
    case 'choice': {
      const [best] = node.nodes.toSorted((a, b) => groupsIn(b).length - groupsIn(a).length);
      return best === undefined ? '' : inner(best);
    }
    case 'repeat': {
      const once = groupsIn(node.node).length > 0 ? 1 : 0;
      return inner(node.node).repeat(Math.max(node.least, once));
    }
    case 'group': {
      const pattern = patternOf({ tree: node.node, names });
      return write(node.name, (text) => pattern.match(text) !== undefined) ?? inner(node.node);
    }
  }
};

const writeColumns = ({ section }: Instrument, write: Write): string => {
  const { separator, widths, names } = section.columns ?? { names: [] };
  const cells = names.map((name, index) => {
    const width = widths?.[index];
    const text = write(name, (each) => width === undefined || each.length <= width) ?? '';
    return width === undefined ? text : text.padStart(width);
  });
  return cells.join(separator === undefined ? '' : unescapeText(separator));
};

/** The line, with its end, that a device of this profile sends. */
export const writeLine = (
  instrument: Instrument,
  { points }: Pick<Profile, 'points'>,
  address: string,
  values: PointValues,
  timeMs: number,
): Uint8Array => {
  const fields = points.filter(isFieldPoint);
  const write = fieldWriter(instrument, fields, address, (point) => values(point, timeMs));
  const { pattern, checksum, terminator = '\r\n' } = instrument;
  const body =
    pattern === undefined
      ? writeColumns(instrument, write)
      : writePattern(pattern.tree, pattern.names, write);
  return Buffer.from((checksum === undefined ? body : checksum.line(body)) + terminator, 'latin1');
};
