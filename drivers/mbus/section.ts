import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';

/** What a profile says under `mbus`. */
export const MbusSection = Type.Object(
  {
    manufacturers: Type.Optional(
      Type.Array(Type.String({ pattern: '^[A-Z]{3}$' }), {
        minItems: 1,
        description: 'a list of codes of three capital letters, as telegrams bear them',
      }),
    ),
    media: Type.Optional(
      Type.Array(Type.Integer({ minimum: 0, maximum: 255 }), {
        description: 'a list of device types (media), 0 to 255',
      }),
    ),
    versions: Type.Optional(
      Type.Array(Type.Integer({ minimum: 0, maximum: 255 }), { description: 'a list of versions, 0 to 255' }),
    ),
    utcOffset: Type.Optional(
      Type.String({
        pattern: '^[+-](0[0-9]|1[0-4]):[0-5][0-9]$',
        description: "what the device's clock is before UTC outside summer time, such as +01:00",
      }),
    ),
  },
  { additionalProperties: false, description: 'manufacturers, media, versions, utcOffset' },
);
export type MbusSection = Static<typeof MbusSection>;

/** Meters of this part of Europe keep CET, most of them all year. */
const USUAL_OFFSET_MIN = 60;

/** The section of a profile, empty where it has none. */
export const mbusSection = (section: unknown): MbusSection =>
  Value.Check(MbusSection, section) ? section : {};

/** Minutes that the device's clock is before UTC. */
export const utcOffsetMin = ({ utcOffset }: MbusSection): number => {
  const [, sign, hours, minutes] = /^([+-])(\d\d):(\d\d)$/.exec(utcOffset ?? '') ?? [];
  if (sign === undefined) return USUAL_OFFSET_MIN;
  const size = 60 * Number(hours) + Number(minutes);
  return sign === '-' ? -size : size;
};
