import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';

/** What a profile may say of its devices under the key `nmea`. */
export const NmeaSection = Type.Object(
  {
    checksum: Type.Optional(
      Type.Enum(['required', 'optional'], {
        description: 'required (default), or optional for old devices that send sentences without one',
      }),
    ),
  },
  { additionalProperties: false },
);
export type NmeaSection = Static<typeof NmeaSection>;

/** Whether a sentence without checksum is refused. */
export const needsChecksum = (section: unknown): boolean =>
  !Value.Check(NmeaSection, section) || section.checksum !== 'optional';
