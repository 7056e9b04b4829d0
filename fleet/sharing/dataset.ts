import { Type, type Static } from 'typebox';
import { CONDITIONS } from './conditions.js';
import { SELECTION } from './selection.js';

/** From one's own alone, over agreements that name it, to everybody; without a copy. */
export const AUDIENCES = ['private', 'agreement', 'open'] as const;
export type Audience = (typeof AUDIENCES)[number];

export const LICENCES = ['licence-ouverte-2.0', 'odbl-1.0', 'restricted', 'custom'] as const;

/** Text in French, and in English where there is some. */
export const TEXT = Type.Object(
  {
    fr: Type.String({ minLength: 1, maxLength: 5000 }),
    en: Type.Optional(Type.String({ minLength: 1, maxLength: 5000 })),
  },
  { additionalProperties: false },
);

const KEYWORDS = Type.Array(Type.String({ minLength: 1, maxLength: 80 }), { maxItems: 50 });

export const DATASET = Type.Object(
  {
    selection: SELECTION,
    conditions: Type.Optional(CONDITIONS),
    audience: Type.Enum([...AUDIENCES]),
    title: TEXT,
    description: Type.Optional(TEXT),
    theme: Type.Optional(Type.String({ maxLength: 40 })),
    keywords: Type.Optional(
      Type.Object({ fr: KEYWORDS, en: Type.Optional(KEYWORDS) }, { additionalProperties: false }),
    ),
    periodicity: Type.Optional(
      Type.String({ maxLength: 40, description: 'ISO 8601 duration, or `irregular`.' }),
    ),
    coverage: Type.Optional(
      Type.Object(
        {
          place: Type.Optional(TEXT),
          from: Type.Optional(Type.String({ maxLength: 40 })),
          to: Type.Optional(Type.String({ maxLength: 40 })),
        },
        { additionalProperties: false },
      ),
    ),
    licence: Type.Object(
      {
        key: Type.Enum([...LICENCES]),
        /** Where the text of a custom licence is. */
        url: Type.Optional(Type.String({ maxLength: 500, pattern: '^https?://' })),
      },
      { additionalProperties: false },
    ),
    contact: Type.Optional(
      Type.Object(
        {
          name: Type.String({ minLength: 1, maxLength: 200 }),
          email: Type.Optional(Type.String({ maxLength: 200 })),
        },
        { additionalProperties: false },
      ),
    ),
    quality: Type.Optional(TEXT),
    schema: Type.Optional(
      Type.String({ maxLength: 500, pattern: '^https?://', description: 'Of what it is made of.' }),
    ),
  },
  { additionalProperties: false },
);
export type DatasetContent = Static<typeof DATASET>;

/** A dataset of one organisation. */
export interface Dataset {
  readonly id: string;
  readonly organisationId: string;
  /** Counts its changes. */
  readonly revision: number;
  readonly content: DatasetContent;
}
