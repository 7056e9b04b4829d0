import { Type, type Static } from 'typebox';
import { Check, Errors } from 'typebox/value';
import { parse } from 'yaml';

const DEVICE = Type.Object({
  key: Type.String(),
  name: Type.String(),
  profile: Type.String(),
  line: Type.Enum(['tcp', 'rtu', 'mbus', 'tic', 'nmea']),
  /** Its address on the line, where devices of such lines have one. */
  unit: Type.Integer({ minimum: 1, maximum: 247 }),
  location: Type.String(),
  locationName: Type.String(),
  /** Of the location: longitude, latitude. */
  position: Type.Optional(Type.Array(Type.Number(), { minItems: 2, maxItems: 2 })),
});

const TERRITORY = Type.Object({
  intercommunality: Type.String(),
  sharing: Type.Object({
    syndicate: Type.String(),
    /** Names of municipalities. */
    towns: Type.Array(Type.String(), { minItems: 2 }),
    /** Templates of agreements: car parks among all of them, water to the syndicate. */
    parking: Type.String(),
    water: Type.String(),
  }),
  municipalities: Type.Array(
    Type.Object({ name: Type.String(), code: Type.String(), devices: Type.Array(DEVICE) }),
  ),
});

export type Territory = Static<typeof TERRITORY>;
export type Municipality = Territory['municipalities'][number];
export type Line = Municipality['devices'][number]['line'];
export const LINES: readonly Line[] = ['tcp', 'rtu', 'mbus', 'tic', 'nmea'];

/** Lines whose devices speak unasked, and are not called by an address. */
export const isSpeaking = (line: Line): boolean => line === 'tic' || line === 'nmea';

/** Reads the territory's file. Throws `TypeError` naming the first key that is wrong. */
export const parseTerritory = (text: string): Territory => {
  const document: unknown = parse(text);
  if (Check(TERRITORY, document)) return document;
  const [first] = Errors(TERRITORY, document);
  throw new TypeError(`territory: ${first?.instancePath ?? ''} ${first?.message ?? 'is not valid'}`);
};
