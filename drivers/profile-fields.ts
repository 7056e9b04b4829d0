import { Type } from 'typebox';
import type { Static } from 'typebox';
import { DurationText } from './document/duration.js';
import { REGISTER_TYPES } from './profile.js';
import type { Quirk } from './profile.js';

/** The keys of a profile file: one declaration for types, validation and the messages that teach the format. */
const closed = { additionalProperties: false } as const;

export const PointKey = {
  pattern: '^[a-z][a-z0-9_]{0,63}$',
  description: 'a name of small letters, digits and _ that begins with a letter',
} as const;

export const RangeList = Type.Array(Type.Number(), {
  minItems: 2,
  maxItems: 2,
  description: 'a list [lowest, highest]',
});

const Name = Type.String({ minLength: 1, maxLength: 100, description: 'text of 1 to 100 characters' });
const TABLES = ['holding', 'input', 'coil', 'discrete'] as const;

const InstallationUse = Type.Array(Type.Enum(['ratio', 'offset']), {
  uniqueItems: true,
  description: 'a list of ratio and offset, or []',
});

const ByteOrder = Type.String({
  pattern: '^[A-H]{2,8}$',
  description:
    'the bytes as they come on the line, A the most significant: ABCD, CDAB, BADC, DCBA; AB or BA for 16 bits',
});

const OtherModel = Type.String({
  minLength: 2,
  description: "the model that it is of, where that is another than the profile's",
});

const VectorFields = Type.Object(
  {
    raw: Type.String({
      pattern: '^[0-9a-fA-F]{2}( ?[0-9a-fA-F]{2})*$',
      description: 'bytes in hexadecimal, set apart by spaces, such as 43 66 33 34',
    }),
    value: Type.Unsafe<number | string>({
      type: ['number', 'string'],
      description: 'the value that the bytes mean',
    }),
    cite: Type.String({ minLength: 3, description: 'where the example stands, or synthetic' }),
    of: Type.Optional(OtherModel),
  },
  closed,
);

/** Thresholds of the quality tests; a configuration overrides what a profile says. */
export const testFields = {
  range: Type.Optional(RangeList),
  usual: Type.Optional(RangeList),
  maxRate: Type.Optional(Type.Number({ exclusiveMinimum: 0, description: 'units a second, above 0' })),
  spike: Type.Optional(
    Type.Array(Type.Number({ exclusiveMinimum: 0, description: 'a number above 0' }), {
      minItems: 1,
      maxItems: 2,
      description: 'a list [suspect] or [suspect, bad] of distances from the values before',
    }),
  ),
  flatLine: Type.Optional(DurationText),
  gap: Type.Optional(DurationText),
  climatology: Type.Optional(
    Type.Record(Type.String({ pattern: '^([1-9]|1[0-2])$' }), RangeList, {
      ...closed,
      description: 'a month from 1 to 12',
    }),
  ),
};
const TestFields = Type.Object(testFields, closed);
export type TestFields = Static<typeof TestFields>;

/** What a point means, whatever the protocol. */
const meaning = {
  ...testFields,
  name: Type.Optional(Name),
  property: Type.String({ description: 'an observed property of the catalogue' }),
  kind: Type.Optional(Type.String({ description: 'a kind such as gauge or counter' })),
  unit: Type.Optional(Type.String({ description: 'a UCUM code such as W, kW.h or Cel' })),
  dialUnit: Type.Optional(Type.String({ description: 'the UCUM code of the unit on the dial' })),
  scale: Type.Optional(Type.Number({ description: 'a number: value = raw × scale + offset' })),
  offset: Type.Optional(Type.Number({ description: 'a number: value = raw × scale + offset' })),
  states: Type.Optional(
    Type.Record(Type.String({ pattern: '^-?[0-9]{1,10}$' }), Name, {
      ...closed,
      description: 'a whole number, the raw code',
    }),
  ),
  rollover: Type.Optional(
    Type.Number({ exclusiveMinimum: 0, description: 'the value at which the counter begins again at 0' }),
  ),
  interval: Type.Optional(DurationText),
  decimals: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 9,
      description: 'digits after the point that mean something, 0 to 9',
    }),
  ),
  writable: Type.Optional(RangeList),
  installation: Type.Optional(InstallationUse),
};

const Address = Type.Integer({
  minimum: 0,
  maximum: 65_536,
  description: 'a register address, 0 to 65535 (0x0034 is fine)',
});

/** Where a Modbus point lives. */
const register = {
  table: Type.Optional(Type.Enum([...TABLES])),
  address: Type.Optional(Address),
  type: Type.Optional(Type.Enum([...REGISTER_TYPES])),
  order: Type.Optional(ByteOrder),
  length: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 125, description: 'registers of a string, 1 to 125' }),
  ),
  bit: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 15, description: 'a bit, 0 (least significant) to 15' }),
  ),
  mask: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 0xffff,
      description: 'neighbouring bits of the register that are the value, 0x0001 to 0xFFFF',
    }),
  ),
  exponent: Type.Optional(Address),
  sentinels: Type.Optional(
    Type.Array(Type.Unsafe<number | bigint>({ description: 'a raw value' }), {
      description: 'a list of raw values, unsigned, that mean "no value"',
    }),
  ),
};

export const pointFields = {
  ...meaning,
  ...register,
  loop: Type.Optional(
    Type.Array(Type.Number(), {
      minItems: 2,
      maxItems: 2,
      description: 'a list [value at 4 mA, value at 20 mA], in the unit',
    }),
  ),
  field: Type.Optional(
    Type.String({ minLength: 1, maxLength: 120, description: "a field of the device's telegrams" }),
  ),
  vectors: Type.Optional(Type.Array(VectorFields)),
};
export const PointFields = Type.Object(pointFields, closed);
export type PointFields = Static<typeof PointFields>;

/** Of a point, or of an identity register: where it lives. */
export type PlaceFields = Pick<
  PointFields,
  'table' | 'type' | 'order' | 'length' | 'bit' | 'mask' | 'exponent' | 'sentinels'
> & {
  readonly address: number;
};

/** Keys of a point that speak of registers. */
export const REGISTER_KEYS = [
  'table',
  'address',
  'type',
  'order',
  'length',
  'bit',
  'mask',
  'exponent',
  'sentinels',
  'loop',
] as const;

/** What points say by default; each point may say otherwise. */
export const PointDefaults = Type.Object(
  {
    table: register.table,
    type: register.type,
    order: register.order,
    kind: meaning.kind,
    installation: meaning.installation,
  },
  closed,
);
export type PointDefaults = Static<typeof PointDefaults>;

export const ModbusFields = Type.Object(
  {
    maxRegisters: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 125,
        description: 'registers that one request may ask for, 1 to 125',
      }),
    ),
    addressBase: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 1,
        description: '0 or 1: the number that the document gives to the first register',
      }),
    ),
  },
  closed,
);
export type ModbusFields = Static<typeof ModbusFields>;

const { table, type, order, length, bit } = register;
const address = Address;

const IdentityFields = Type.Object(
  {
    registers: Type.Optional(
      Type.Array(
        Type.Object(
          {
            table,
            address,
            type,
            order,
            length,
            bit,
            values: Type.Array(Type.Unsafe<number | string>({ type: ['number', 'string'] }), {
              minItems: 1,
              description: 'a list of the values that this model has there',
            }),
          },
          closed,
        ),
      ),
    ),
    device: Type.Optional(
      Type.Object(
        {
          vendor: Type.Optional(Type.String({ minLength: 2 })),
          product: Type.Optional(Type.String({ minLength: 2 })),
        },
        { ...closed, description: 'what function 43/14 answers: vendor, product' },
      ),
    ),
  },
  closed,
);
export type IdentityFields = Static<typeof IdentityFields>;

const HoleFields = Type.Object(
  { table, first: address, last: address },
  { ...closed, description: 'registers { first, last } that are never read' },
);
export type HoleFields = Static<typeof HoleFields>;

/** Protocols whose devices send telegrams; each checks its own section. */
export const TELEGRAM_PROTOCOLS = ['mbus', 'tic', 'nmea', 'sdi12', 'uart', 'line', 'davis', 'pulse'] as const;
export type TelegramProtocol = (typeof TELEGRAM_PROTOCOLS)[number];
export const PROTOCOLS = ['modbus', ...TELEGRAM_PROTOCOLS] as const;

const Section = Type.Optional(Type.Unsafe<unknown>({ description: 'what the protocol wants to know' }));
/** A key for each, under which a file says what only that protocol knows. */
export const sectionFields = {
  mbus: Section,
  tic: Section,
  nmea: Section,
  sdi12: Section,
  uart: Section,
  line: Section,
  davis: Section,
  pulse: Section,
} satisfies Record<TelegramProtocol, typeof Section>;

const TelegramFields = Type.Object(
  {
    raw: Type.Optional(
      Type.String({
        pattern: '^[0-9a-fA-F]{2}(\\s?[0-9a-fA-F]{2})*\\s*$',
        description: 'bytes in hexadecimal, set apart by spaces',
      }),
    ),
    text: Type.Optional(Type.String({ minLength: 1, description: 'the telegram as text' })),
    values: Type.Record(
      Type.String({ pattern: PointKey.pattern }),
      Type.Unsafe<number | string | null>({
        type: ['number', 'string', 'null'],
        description: 'the value that the point has in it, or null',
      }),
    ),
    cite: Type.String({ minLength: 3, description: 'where the telegram stands, or synthetic' }),
    of: Type.Optional(OtherModel),
  },
  closed,
);
export type TelegramFields = Static<typeof TelegramFields>;

const QUIRK_NAMES: readonly Quirk[] = ['no-gaps', 'single-reads', 'answers-any-address'];

/** What a profile and a site's copy of one may both say. */
const common = {
  modbus: Type.Optional(ModbusFields),
  ...sectionFields,
  telegrams: Type.Optional(Type.Array(TelegramFields)),
  interval: Type.Optional(DurationText),
  minInterval: Type.Optional(DurationText),
  pause: Type.Optional(DurationText),
  identity: Type.Optional(IdentityFields),
  groups: Type.Optional(
    Type.Array(Type.Array(Type.String(), { minItems: 2, description: 'a list of two or more points' }), {
      description: 'a list of lists of points',
    }),
  ),
  quirks: Type.Optional(
    Type.Array(Type.Enum([...QUIRK_NAMES]), { uniqueItems: true, description: 'a list of quirks' }),
  ),
  holes: Type.Optional(Type.Array(HoleFields)),
  defaults: Type.Optional(PointDefaults),
};

const SourceFields = Type.Object(
  {
    document: Type.String({
      minLength: 3,
      description: 'the title of the document that the map comes from',
    }),
    revision: Type.Optional(Type.String()),
    page: Type.Optional(Type.String({ description: 'text: the page or section' })),
    synthetic: Type.Optional(Type.Boolean()),
  },
  closed,
);

const PointRecord = Type.Record(Type.String({ pattern: PointKey.pattern }), PointFields, {
  ...closed,
  description: PointKey.description,
});

export const ProfileFields = Type.Object(
  {
    maker: Name,
    model: Name,
    protocol: Type.Enum([...PROTOCOLS]),
    source: SourceFields,
    ...common,
    points: PointRecord,
  },
  closed,
);
export type ProfileFields = Static<typeof ProfileFields>;

/** A site's copy of a packaged profile: what it says goes before the packaged one's, point by point. */
export const OverrideFields = Type.Object(
  {
    maker: Type.Optional(Name),
    model: Type.Optional(Name),
    protocol: Type.Optional(Type.Enum([...PROTOCOLS])),
    source: Type.Optional(SourceFields),
    ...common,
    points: Type.Optional(PointRecord),
  },
  closed,
);
export type OverrideFields = Static<typeof OverrideFields>;
