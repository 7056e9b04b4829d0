/** What a field measures; its values are given in this unit, whatever the device counts in. */
export interface Quantity {
  /** As fields are named. */
  readonly name: string;
  /** UCUM. */
  readonly unit: string;
  readonly type: 'float' | 'integer' | 'text';
}

/**
 * How the data of a record are coded beyond its data field (EN 13757-3, annex A): `signed` type B, `unsigned` type C,
 * `bits` type D, `point-in-time` types F, G, I, J, `identity` digits or letters that nobody calculates with,
 * `manufacturer` three letters in 16 bits, `opaque` bytes.
 */
export type Coding =
  'signed' | 'unsigned' | 'bits' | 'point-in-time' | 'identity' | 'manufacturer' | 'opaque';

/** What a value information says: value = raw × times × 10^exponent / over, in the quantity's unit. */
export interface Meaning {
  readonly quantity: Quantity;
  readonly exponent: number;
  readonly times: number;
  readonly over: number;
  readonly coding: Coding;
}

type Scale = Partial<Pick<Meaning, 'exponent' | 'times' | 'over'>>;

/** A physical quantity: a signed number. */
export const measure = (name: string, unit: string, scale: Scale = {}): Meaning => ({
  quantity: { name, unit, type: 'float' },
  exponent: scale.exponent ?? 0,
  times: scale.times ?? 1,
  over: scale.over ?? 1,
  coding: 'signed',
});

/** A number of things, or a code. */
export const whole = (name: string, coding: 'unsigned' | 'bits' = 'bits', unit = '1'): Meaning => ({
  quantity: { name, unit, type: 'integer' },
  exponent: 0,
  times: 1,
  over: 1,
  coding,
});

/** What is not calculated with. */
export const text = (
  name: string,
  coding: 'identity' | 'manufacturer' | 'point-in-time' | 'opaque' = 'identity',
): Meaning => ({
  quantity: { name, unit: '1', type: 'text' },
  exponent: 0,
  times: 1,
  over: 1,
  coding,
});

/** Seconds in the units of durations, by the two lowest bits of a code. */
export const DURATION_S = [1, 60, 3600, 86_400] as const;

/** A duration in seconds; `nn` chooses s, min, h or d. */
export const duration = (name: string, nn: number): Meaning =>
  measure(name, 's', { times: DURATION_S[nn & 3] ?? 1 });

/** Meanings by code. A block of codes differs in its lowest bits. */
export type Table = Map<number, Meaning>;

/** Enters a block of `count` codes from `first` on; `make` is given the lowest bits. */
export const block = (table: Table, first: number, count: number, make: (n: number) => Meaning): void => {
  for (let n = 0; n < count; n++) table.set(first + n, make(n));
};
