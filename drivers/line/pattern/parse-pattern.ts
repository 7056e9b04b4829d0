import { LineError } from '../line-error.js';
import { CLASSES, complement, only, setOf, union, type CharacterSet } from './character-set.js';

/** What a regular expression says, of Latin-1 text. */
export type PatternNode =
  | { readonly type: 'set'; readonly set: CharacterSet }
  | { readonly type: 'sequence'; readonly nodes: readonly PatternNode[] }
  | { readonly type: 'choice'; readonly nodes: readonly PatternNode[] }
  | {
      readonly type: 'repeat';
      readonly node: PatternNode;
      readonly least: number;
      /** `Infinity` where there is no limit. */
      readonly most: number;
      readonly lazy: boolean;
    }
  | { readonly type: 'group'; readonly name: string; readonly node: PatternNode };

const MAX_LENGTH = 1000;
const MAX_DEPTH = 20;
const MAX_COUNT = 255;
const MAX_NAMES = 64;
const PUNCTUATION = '^$\\.*+?()[]{}|/-';
const CONTROLS: Readonly<Record<string, string>> = {
  t: '\t',
  n: '\n',
  r: '\r',
  f: '\f',
  v: '\v',
  '0': '\0',
};
const QUANTIFIER = /^(?:([*+?])|\{([0-9]{1,4})(?:(,)([0-9]{1,4})?)?\})(\?)?/;
const GROUP_NAME = /^\(\?<([A-Za-z_][A-Za-z0-9_]{0,63})>/;

const fail = (message: string): never => {
  throw new LineError('pattern', message);
};

/** Whether the node can match nothing at all. */
export const canBeEmpty = (node: PatternNode): boolean => {
  switch (node.type) {
    case 'set':
      return false;
    case 'sequence':
      return node.nodes.every(canBeEmpty);
    case 'choice':
      return node.nodes.some(canBeEmpty);
    case 'repeat':
      return node.least === 0 || canBeEmpty(node.node);
    case 'group':
      return canBeEmpty(node.node);
  }
};

/** Reads a pattern from left to right; each method takes what it reads. */
class PatternReader {
  readonly names: string[] = [];
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): PatternNode {
    const node = this.#choice();
    if (this.#at < this.#text.length) fail(`has a ) too many at character ${this.#at + 1}`);
    return node;
  }

  get #rest(): string {
    return this.#text.slice(this.#at);
  }

  #take(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #choice(): PatternNode {
    const nodes = [this.#sequence()];
    while (this.#take('|')) nodes.push(this.#sequence());
    const [first] = nodes;
    return nodes.length === 1 && first !== undefined ? first : { type: 'choice', nodes };
  }

  #sequence(): PatternNode {
    const nodes: PatternNode[] = [];
    while (this.#at < this.#text.length && !'|)'.includes(this.#text.charAt(this.#at)))
      nodes.push(this.#quantified());
    return { type: 'sequence', nodes };
  }

  #quantified(): PatternNode {
    const node = this.#atom();
    const [taken, sign, from, comma, to, lazy] = QUANTIFIER.exec(this.#rest) ?? [];
    if (taken === undefined) return node;
    this.#at += taken.length;
    const least = from === undefined ? (sign === '+' ? 1 : 0) : Number(from);
    const open = sign === undefined ? comma !== undefined && to === undefined : sign !== '?';
    const most = open ? Infinity : sign === '?' ? 1 : Number(to ?? from);
    if (most < least) fail(`${taken} counts down`);
    if (least > MAX_COUNT || (most !== Infinity && most > MAX_COUNT))
      fail(`${taken} repeats more than ${MAX_COUNT} times`);
    if (canBeEmpty(node)) fail(`${taken} repeats what can be empty already: let one of the two be certain`);
    return { type: 'repeat', node, least, most, lazy: lazy !== undefined };
  }

  #atom(): PatternNode {
    const character = this.#text.charAt(this.#at);
    if (character === '(') return this.#group();
    if (character === '[') return { type: 'set', set: this.#bracket() };
    if (character === '^' || character === '$')
      fail(`has ${character} within: the whole line is matched anyway, ^ and $ stand at its ends only`);
    if ('*+?{'.includes(character))
      fail(`has nothing for ${character} to repeat at character ${this.#at + 1}`);
    if ('}]'.includes(character)) fail(`has a bare ${character}: write \\${character}`);
    if (character === '\\') return { type: 'set', set: this.#escape() };
    this.#at++;
    return { type: 'set', set: character === '.' ? (CLASSES['.'] ?? only('.')) : this.#literal(character) };
  }

  #literal(character: string): CharacterSet {
    return character.charCodeAt(0) > 0xff
      ? fail(`has ${character}, which is not in Latin-1`)
      : only(character);
  }

  #group(): PatternNode {
    if (++this.#depth > MAX_DEPTH) fail(`is nested deeper than ${MAX_DEPTH} groups`);
    const [opening, name] = GROUP_NAME.exec(this.#rest) ?? [];
    if (opening !== undefined) this.#at += opening.length;
    else if (!this.#take('(?:')) {
      if (this.#text.startsWith('(?', this.#at))
        fail(`has a ${this.#rest.slice(0, 3)} group: only (?<name>...), (?:...) and (...) are known`);
      this.#take('(');
    }
    if (name !== undefined) this.#name(name);
    const node = this.#choice();
    if (!this.#take(')')) fail('has a group that is not closed');
    this.#depth--;
    return name === undefined ? node : { type: 'group', name, node };
  }

  #name(name: string): void {
    if (this.names.includes(name)) fail(`names two groups ${name}`);
    this.names.push(name);
    if (this.names.length > MAX_NAMES) fail(`has more than ${MAX_NAMES} named groups`);
  }

  #bracket(): CharacterSet {
    this.#take('[');
    const inverted = this.#take('^');
    const parts: CharacterSet[] = [];
    while (!this.#take(']')) {
      if (this.#at >= this.#text.length) fail('has a [ that is not closed');
      parts.push(this.#range());
    }
    const set = union(parts);
    return inverted ? complement(set) : set;
  }

  #range(): CharacterSet {
    const first = this.#member();
    const rest = this.#rest;
    if (!rest.startsWith('-') || rest.startsWith('-]')) return first;
    const place = this.#at;
    this.#take('-');
    const last = this.#member();
    const [from, to] = [first, last].map((set) =>
      set.filter((held) => held === 1).length === 1 ? set.indexOf(1) : -1,
    );
    if (from === undefined || to === undefined || from < 0 || to < from)
      return fail(`has a range that does not run from a character to a later one, at character ${place + 1}`);
    return setOf((code) => code >= from && code <= to);
  }

  #member(): CharacterSet {
    if (this.#text.charAt(this.#at) === '\\') return this.#escape();
    const character = this.#text.charAt(this.#at++);
    return this.#literal(character === '' ? fail('has a [ that is not closed') : character);
  }

  #escape(): CharacterSet {
    const [, hex] = /^\\x([0-9a-fA-F]{2})/.exec(this.#rest) ?? [];
    if (hex !== undefined) {
      this.#at += 4;
      return only(String.fromCharCode(Number.parseInt(hex, 16)));
    }
    const letter = this.#text.charAt(this.#at + 1);
    this.#at += 2;
    const known = letter === '.' ? undefined : CLASSES[letter];
    if (known !== undefined) return known;
    const control = CONTROLS[letter];
    if (control !== undefined) return only(control);
    if (letter !== '' && PUNCTUATION.includes(letter)) return only(letter);
    return fail(`has \\${letter}, which is not known: \\d \\w \\s \\t \\r \\n \\xHH, or \\ before a sign`);
  }
}

export interface ParsedPattern {
  readonly tree: PatternNode;
  /** Of the groups, in the order of the text. */
  readonly names: readonly string[];
}

const endsInDollar = (text: string): boolean => text.endsWith('$') && !/(?:^|[^\\])(?:\\\\)*\\\$$/.test(text);

/**
 * Reads a regular expression (ECMAScript's syntax without backreferences, lookaround, word boundaries and flags) that
 * is to match a whole line. Throws a `LineError` that says what is not known.
 */
export const parsePattern = (text: string): ParsedPattern => {
  if (text.length > MAX_LENGTH) fail(`is longer than ${MAX_LENGTH} characters`);
  const from = text.startsWith('^') ? 1 : 0;
  const reader = new PatternReader(text.slice(from, endsInDollar(text) ? -1 : undefined));
  return { tree: reader.whole(), names: reader.names };
};
