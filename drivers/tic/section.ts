import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import { CLOCKS } from './horodate.js';

/** What a profile may say of its meters under the key `tic`. */
export const TicSection = Type.Object(
  {
    /** Absent: dates without a season are kept as text, and no device time is given. */
    clock: Type.Optional(
      Type.Enum([...CLOCKS], { description: 'what a date without a season means: legal, winter or utc' }),
    ),
    labels: Type.Optional(
      Type.Record(
        Type.String({ pattern: '^[A-Za-z0-9+_-]{1,10}$' }),
        Type.Enum(['integer', 'float', 'text'], { description: 'integer, float or text' }),
        { additionalProperties: false, description: 'labels beyond the catalogue, and what their data are' },
      ),
    ),
  },
  { additionalProperties: false },
);
export type TicSection = Static<typeof TicSection>;

const NONE: TicSection = {};

/** The section of a profile; all is by default where there is none. */
export const ticSection = (section: unknown): TicSection =>
  Value.Check(TicSection, section) ? section : NONE;
