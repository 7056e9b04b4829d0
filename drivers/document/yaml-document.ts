import { isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Document, Node, YAMLError } from 'yaml';
import type { Problem } from './problem.js';

export type Path = readonly string[];

/** Records a problem at a key; the position is that of the key, or of its nearest parent that exists. */
export type Report = (path: Path, message: string, accepted?: readonly string[]) => void;

/** A YAML 1.2 file as plain data, which knows the place of each key, and collects what is wrong with it. */
export interface YamlDocument {
  readonly file: string;
  /** Plain objects, arrays, strings, booleans, null, numbers; `bigint` only beyond ±(2^53 − 1). */
  readonly value: unknown;
  readonly problems: readonly Problem[];
  readonly report: Report;
  /** The text of a scalar as it was written (`0012` where the value is 12). */
  readonly written: (path: Path) => string | undefined;
  /** Adds problems found in other files that this one names. */
  readonly include: (problems: readonly Problem[]) => void;
}

/** A hand-written file of a megabyte is a mistake; parsing it would stall a small machine. */
const MAX_CHARACTERS = 1_048_576;

/** Whole numbers come as bigint from the parser, so that a 64-bit sentinel stays exact. */
const plain = (value: unknown): unknown => {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
  }
  return value;
};

interface Place {
  readonly offset: number;
  readonly node: unknown;
  readonly depth: number;
}

const startOf = (node: unknown): number =>
  typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range)
    ? Number(node.range[0])
    : 0;

/** Goes down a path as far as it exists. */
const locate = (root: Node | null, path: Path): Place => {
  let place: Place = { offset: startOf(root), node: root, depth: 0 };
  for (const [index, segment] of path.entries()) {
    if (isMap(place.node)) {
      const pair = place.node.items.find(
        (item) => String(isScalar(item.key) ? item.key.value : item.key) === segment,
      );
      if (pair === undefined) return place;
      place = { offset: startOf(pair.key), node: pair.value, depth: index + 1 };
    } else if (isSeq(place.node)) {
      const item: unknown = place.node.items[Number(segment)];
      if (item === undefined) return place;
      place = { offset: startOf(item), node: item, depth: index + 1 };
    } else return place;
  }
  return place;
};

const syntaxMessage = (error: YAMLError, text: string): string => {
  if (error.code !== 'DUPLICATE_KEY') return `is not valid YAML: ${error.message}`;
  const key = /^[^\s:,{}]+/.exec(text.slice(error.pos[0]))?.[0] ?? '';
  return `the key ${key} stands here twice`;
};

const toValue = (document: Document.Parsed): unknown => plain(document.toJS());

/** Reads YAML text. Syntax errors and duplicate keys are problems of the document; it never throws. */
export const openYaml = (text: string, file: string): YamlDocument => {
  const problems: Problem[] = [];
  const lines = new LineCounter();
  const add = (offset: number, key: string, message: string, accepted?: readonly string[]): void => {
    const { line, col } = lines.linePos(offset);
    problems.push({ file, line, column: col, key, message, ...(accepted === undefined ? {} : { accepted }) });
  };
  if (text.length > MAX_CHARACTERS) {
    problems.push({
      file,
      line: 0,
      column: 0,
      key: '',
      message: `is longer than ${MAX_CHARACTERS} characters`,
    });
  }
  const document = parseDocument(text.length > MAX_CHARACTERS ? '' : text, {
    lineCounter: lines,
    prettyErrors: false,
    intAsBigInt: true,
    logLevel: 'error',
  });
  for (const error of document.errors) add(error.pos[0], '', syntaxMessage(error, text));
  const root = document.contents;
  let value: unknown = null;
  try {
    if (problems.length === 0) value = toValue(document);
  } catch (cause) {
    add(0, '', cause instanceof Error ? cause.message : 'cannot be read');
  }
  return {
    file,
    value,
    problems,
    report: (path, message, accepted) => add(locate(root, path).offset, path.join('.'), message, accepted),
    written: (path) => {
      const { node, depth } = locate(root, path);
      return depth === path.length && isScalar(node) ? node.source : undefined;
    },
    include: (more) => {
      problems.push(...more);
    },
  };
};
