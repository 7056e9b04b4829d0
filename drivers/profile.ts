/**
 * A device model as data: `config/profiles/<maker>/<model>.yaml`, or a device's own `points` in a configuration.
 * Types only; `profile-file.ts` parses and checks.
 */
export interface Profile {
  /** `<maker>/<model>`, from the path. */
  readonly id: string;
  readonly maker: string;
  readonly model: string;
  readonly protocol: string;
  /** Where the map comes from; `synthetic: true` marks a model that only the simulator serves. */
  readonly source: {
    readonly document: string;
    readonly revision?: string;
    /** Page or section of the document. */
    readonly page?: string;
    readonly synthetic: boolean;
  };
  /** Registers that one request may ask for, where a model has registers. */
  readonly maxRegisters: number;
  /** Shortest interval the device bears, ms. */
  readonly minIntervalMs: number;
  /** Interval of points that say none, ms. */
  readonly defaultIntervalMs: number;
  readonly points: readonly ProfilePoint[];
  /** What the model's protocol wants to know of it, in the file under the protocol's name; its dialect checked it. */
  readonly section?: unknown;
  /** Whole telegrams of the model, and what the points mean in each. */
  readonly telegrams?: readonly TelegramVector[];
  /** How the model is told from others; absent where its map does not say. */
  readonly identity?: ProfileIdentity;
  /** Keys of points whose values belong to one moment: each list is read in one request. */
  readonly groups?: readonly (readonly string[])[];
  /** What the model does beside the standard. */
  readonly quirks?: readonly Quirk[];
  /** Registers that must never be asked for, not even between two points. */
  readonly holes?: readonly RegisterHole[];
  /** Silence that the model needs between an answer and the next request, ms. */
  readonly pauseMs?: number;
  /** SHA-256 (hex) of the file; of all of them where a site's copy goes over the packaged one. */
  readonly hash: string;
}

/** Quirks by name, and what the reader does about each. */
export const QUIRKS = {
  'no-gaps':
    'answers an exception where a request covers a register without a value: nothing is read between points',
  'single-reads': 'answers one value a request: points never share one, except those of a group',
  'answers-any-address':
    'also answers to an address that is not its own: a configuration with a neighbour on its line is refused',
} as const;
export type Quirk = keyof typeof QUIRKS;

/** All that is given must hold. */
export interface ProfileIdentity {
  /** Registers whose value tells the model; each holds one of its values. */
  readonly registers: readonly IdentityRegister[];
  /** Device identification (Modbus function 43/14): each text begins so, whatever its case. */
  readonly device?: { readonly vendor?: string; readonly product?: string };
}

export interface IdentityRegister {
  readonly register: RegisterMap;
  readonly values: readonly (number | string)[];
}

/** Protocol addresses, counted from 0, both included. */
export interface RegisterHole {
  readonly table: RegisterMap['table'];
  readonly first: number;
  readonly last: number;
}

/**
 * `int8h`, `int8l`: the high or the low byte of a register. `signmag`: the highest bit is the sign, the others the size.
 * `bcd`: a decimal digit in each four bits. `mod10k`: each register holds four decimal digits, 0 to 9999.
 */
export const REGISTER_TYPES = [
  'bool',
  'int8h',
  'int8l',
  'uint8h',
  'uint8l',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'int48',
  'uint48',
  'int64',
  'uint64',
  'signmag16',
  'signmag32',
  'bcd16',
  'bcd32',
  'bcd48',
  'bcd64',
  'mod10k32',
  'mod10k48',
  'mod10k64',
  'float32',
  'float64',
  'string',
] as const;
export type RegisterType = (typeof REGISTER_TYPES)[number];

/** A telegram as a device sent it (a document's example or a capture), and what its points mean in it. */
export interface TelegramVector {
  /** Hexadecimal, small letters, without spaces. */
  readonly raw: string;
  /** By the point's key; `null`: the point has no value in it. */
  readonly values: Readonly<Record<string, number | string | null>>;
  /** Where it stands, or `synthetic`. */
  readonly cite: string;
  /** The model that sent it, where that is another than the profile's. */
  readonly of?: string;
}

/** Where a point lives: in registers that are asked for, or in a named field of what the device sends. */
export type ProfilePoint = RegisterPoint | FieldPoint;

/** Thresholds of the quality tests beside range and rate (QARTOD), in the point's unit. */
export interface PointTests {
  /** What is usual: outside of it a value is suspect, though it can be. */
  readonly usual?: readonly [min: number, max: number];
  /** A value this far from those before it is suspect, and beyond `bad` wrong, unless the next one bears it out. */
  readonly spike?: { readonly suspect: number; readonly bad?: number };
  /** A value that has not changed for so long is suspect, ms. */
  readonly flatLineMs?: number;
  /** The first value after so long without one is suspect, ms. */
  readonly gapMs?: number;
  /** What is usual in a month, January first; a month without bounds is not tested. */
  readonly climatology?: readonly (readonly [min: number, max: number] | null)[];
}

/** What a point means, whatever the protocol. */
export interface PointMeaning {
  readonly key: string;
  readonly name: string;
  readonly kind: string;
  /** Observed property of the catalogue. */
  readonly property: string;
  /** UCUM. */
  readonly unit: string;
  readonly dialUnit?: string;
  readonly valueType: 'float' | 'integer' | 'state' | 'text';
  readonly states?: Readonly<Record<string, string>>;
  /** Stored value = raw × scale + offset. */
  readonly scale: number;
  readonly offset: number;
  readonly range?: readonly [min: number, max: number];
  readonly maxRatePerS?: number;
  readonly tests?: PointTests;
  readonly rollover?: number;
  readonly intervalMs?: number;
  /** Digits after the point that mean something, in `unit`: floats are rounded to them, and people are shown them. */
  readonly decimals?: number;
  /** Present on points that may be written: limits of the value in `unit`, both included. */
  readonly writable?: { readonly min: number; readonly max: number };
  /**
   * Which coefficients of its installation act on this point (a current transformer multiplies power, not
   * voltage); absent: both.
   */
  readonly installation?: readonly ('ratio' | 'offset')[];
}

/** A point of a protocol whose devices send telegrams. */
export interface FieldPoint extends PointMeaning {
  /** The field's name, as the protocol's dialect writes it. */
  readonly field: string;
}

/** A point of a protocol with registers. */
export interface RegisterPoint extends PointMeaning {
  readonly register: RegisterMap;
  /** The raw value is the current of a 4–20 mA loop; `scale` and `offset` make the value of it. */
  readonly loop?: CurrentLoop;
  /** Test of the simulator and of the driver: raw bytes (hex) and the value they mean. */
  readonly vectors: readonly {
    readonly raw: string;
    readonly value: number | string;
    readonly cite: string;
    /** The model that it is of, where that is another than the profile's. */
    readonly of?: string;
  }[];
}

/** What a 4–20 mA loop stands for, in the point's unit. */
export interface CurrentLoop {
  readonly at4mA: number;
  readonly at20mA: number;
}

/** Which of a point's registers, 0 the first, holds what. */
export interface RegisterExponent {
  /** The first of the value. */
  readonly valueAt: number;
  /** The power of ten (int16, 0x8000: no value). It may change from one reading to the next. */
  readonly exponentAt: number;
}

/** Where a Modbus point lives. */
export interface RegisterMap {
  readonly table: 'holding' | 'input' | 'coil' | 'discrete';
  /** Protocol address, counted from 0. */
  readonly address: number;
  readonly type: RegisterType;
  /**
   * Order of the bytes as they come on the line, `A` the most significant: `ABCD` big-endian, `CDAB` words
   * swapped, `BADC` bytes swapped, `DCBA` little-endian; eight letters for 64 bits, two for 16.
   */
  readonly order: string;
  /** Registers that the point covers. */
  readonly length: number;
  /** A power of ten beside the value multiplies it: the registers from the first of the two to the end of the other. */
  readonly exponent?: RegisterExponent;
  /** Raw values (unsigned, before scaling) that mean "no value". */
  readonly sentinels: readonly (number | bigint)[];
  /** Bit of the register, 0 the least significant, for `bool` in a register. */
  readonly bit?: number;
  /** Neighbouring bits of the register that are the value (0x00F0: the second four), for `uint16`. */
  readonly mask?: number;
}

export const isRegisterPoint = (point: ProfilePoint): point is RegisterPoint => 'register' in point;
export const isFieldPoint = (point: ProfilePoint): point is FieldPoint => 'field' in point;
