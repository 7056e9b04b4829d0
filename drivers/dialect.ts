import type { TSchema } from 'typebox';
import type { Telegram } from './telegram/telegram.js';

/** How people write down what speaks a protocol: buses, addresses, fields. Pure; nothing is opened. */
export interface Dialect {
  readonly protocol: string;
  /** What a line is set to where a configuration does not say. */
  readonly line: LineDefaults;
  /** How frames are laid on the line, the usual one first. */
  readonly framings: readonly [string, ...string[]];
  /** A device's address in its one form; `undefined` is what a configuration without one gives. */
  readonly address: (text: string | undefined, framing: string) => Parsed<string>;
  /** Of a protocol whose devices send telegrams; absent: its points live in registers. */
  readonly telegrams?: TelegramDialect;
}

export interface LineDefaults {
  readonly baudRate: number;
  /** Data bits, parity, stop bits, such as `8E1`. */
  readonly format: string;
  /** Of a serial line, ms. */
  readonly timeoutMs: number;
  /** Of a TCP endpoint, ms. */
  readonly tcpTimeoutMs: number;
  /** Where the protocol has one of its own; absent: the configuration names it. */
  readonly tcpPort?: number;
}

/** `problem` is a predicate of the text, as in "x is no address"; `accepted` what would do. */
export type Parsed<T> =
  { readonly value: T } | { readonly problem: string; readonly accepted?: readonly string[] };

export interface TelegramDialect {
  /** Of a profile's section, which bears the protocol's name; absent: its profiles have none. */
  readonly section?: TSchema;
  /** Without a section nothing can be read: each device speaks as its own profile says. */
  readonly needsSection?: true;
  /** What is wrong with a section that its schema accepts, as a predicate of it; `undefined`: nothing. */
  readonly check?: (section: unknown) => string | undefined;
  /** Reads the name of a field, in a profile with this (checked) section. */
  readonly field: (name: string, section: unknown) => Parsed<FieldForm>;
  /**
   * Reads one whole telegram as a line carries it. Throws a `TelegramError` that says what is wrong with it, nothing
   * else, on any bytes.
   */
  readonly decode: (raw: Uint8Array, section: unknown) => Telegram;
}

/** What values a field has. */
export interface FieldForm {
  /** The name in its one form, under which a telegram has the field. */
  readonly name: string;
  readonly type: 'integer' | 'float' | 'text';
  /** UCUM, where the dialect gives all such values in one unit. */
  readonly unit?: string;
}
