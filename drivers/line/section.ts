import { Type, type Static } from 'typebox';

const closed = { additionalProperties: false } as const;

const FieldName = {
  pattern: '^[A-Za-z_][A-Za-z0-9_]{0,63}$',
  description: 'a name of letters, digits and _',
} as const;
const Text = (description: string, maxLength = 100) => Type.String({ minLength: 1, maxLength, description });

export const FIELD_TYPES = ['float', 'integer', 'hex', 'text'] as const;

/** What a field's text means; a field that is not named here is a float. */
const FieldSection = Type.Object(
  {
    type: Type.Optional(Type.Enum([...FIELD_TYPES])),
    codes: Type.Optional(
      Type.Record(Type.String({ minLength: 1 }), Type.Integer(), {
        description: 'the texts that the field may have, and the whole number that each means',
      }),
    ),
    unit: Type.Optional(Text('the field that says in which unit this one is')),
    units: Type.Optional(
      Type.Record(Type.String({ minLength: 1 }), Type.Number(), {
        description: 'the texts of the unit, and what each multiplies the value by',
      }),
    ),
  },
  closed,
);
export type FieldSection = Static<typeof FieldSection>;

const Columns = Type.Object(
  {
    separator: Type.Optional(Text('the text between two columns, such as "," or "\\t"', 10)),
    widths: Type.Optional(
      Type.Array(Type.Integer({ minimum: 1, maximum: 255 }), {
        minItems: 1,
        maxItems: 64,
        description: 'a list of the widths of the columns, in characters',
      }),
    ),
    names: Type.Array(Type.String({ pattern: '^(-|[A-Za-z_][A-Za-z0-9_]{0,63})$' }), {
      minItems: 1,
      maxItems: 64,
      description: 'a list of the names of the columns; - is a column that nobody wants',
    }),
  },
  { ...closed, description: 'columns, by a separator or by widths' },
);

export const CHECKSUM_TYPES = [
  'xor',
  'sum8',
  'sum8-complement',
  'crc16-modbus',
  'crc16-xmodem',
  'crc16-ccitt',
] as const;

const ChecksumSection = Type.Object(
  {
    type: Type.Enum([...CHECKSUM_TYPES]),
    after: Type.Optional(Text('the text that stands before what is summed, such as "$" or "\\x02"', 10)),
    before: Type.Optional(Text('the text between what is summed and the sum, such as "*" or "\\x03"', 10)),
    includes: Type.Optional(Type.Enum(['neither', 'after', 'before', 'both'])),
    trailer: Type.Optional(
      Text('text that is summed, too, and comes after the sum, such as "\\r\\n\\x03"', 10),
    ),
    digits: Type.Optional(Type.Enum(['hex', 'decimal'])),
  },
  closed,
);
export type ChecksumSection = Static<typeof ChecksumSection>;

/** What a profile says of an instrument that speaks lines of text, under `line`. */
export const LineSection = Type.Object(
  {
    command: Type.Optional(
      Text('the text that asks, such as "0R1\\r\\n"; {address} is the address of the device', 200),
    ),
    terminator: Type.Optional(Text('the text that ends a line, such as "\\r\\n"', 10)),
    pattern: Type.Optional(Text('a regular expression with named groups', 1000)),
    columns: Type.Optional(Columns),
    fields: Type.Optional(
      Type.Record(Type.String({ pattern: FieldName.pattern }), FieldSection, {
        ...closed,
        description: FieldName.description,
      }),
    ),
    noValue: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), { description: 'a list of texts that mean no value' }),
    ),
    errors: Type.Optional(
      Type.Record(Type.String({ minLength: 1 }), Type.String({ minLength: 1 }), {
        description: 'the lines that refuse, and what each means',
      }),
    ),
    status: Type.Optional(
      Type.Object(
        {
          field: Text('the field that says whether the instrument is sound'),
          sound: Type.Array(Type.String(), { minItems: 1, description: 'a list of texts that mean sound' }),
          faults: Type.Optional(Type.Record(Type.String({ minLength: 1 }), Type.String({ minLength: 1 }))),
        },
        closed,
      ),
    ),
    time: Type.Optional(
      Type.Object(
        {
          field: Text('the field that holds the time of the instrument, as 2026-11-21T12:00:00'),
          offset: Type.Optional(
            Type.String({
              pattern: '^[+-][0-9]{2}:[0-9]{2}$',
              description: 'what its clock is ahead of UTC, such as +01:00',
            }),
          ),
        },
        closed,
      ),
    ),
    checksum: Type.Optional(ChecksumSection),
    decimal: Type.Optional(Type.Enum(['.', ','])),
  },
  closed,
);
export type LineSection = Static<typeof LineSection>;
