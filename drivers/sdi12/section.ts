import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';

/** What a profile says under `sdi12`. */
export const Sdi12Section = Type.Object(
  {
    crc: Type.Optional(
      Type.Boolean({ description: 'true: M, C and R are asked for with a CRC (from SDI-12 1.3 on)' }),
    ),
    noValue: Type.Optional(
      Type.Array(Type.Number(), {
        minItems: 1,
        description: 'a list of values that the sensor gives in place of one that it does not have',
      }),
    ),
  },
  { additionalProperties: false },
);
export type Sdi12Section = Static<typeof Sdi12Section>;

/** The section of a unit, checked when its profile was read. */
export const sdi12SectionOf = (section: unknown): Sdi12Section =>
  Value.Check(Sdi12Section, section) ? section : {};
