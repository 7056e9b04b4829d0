import { readFileSync } from 'node:fs';
import { Type, type Static } from 'typebox';
import { Check, Errors } from 'typebox/value';
import { parse } from 'yaml';
import { packageFile } from '../package-file.js';
import type { Themes } from './selection.js';

const CATALOGUE = Type.Object(
  {
    themes: Type.Record(
      Type.String({ pattern: '^[a-z][a-z-]*$' }),
      Type.Object(
        {
          en: Type.String(),
          fr: Type.String(),
          authority: Type.String(),
          properties: Type.Array(Type.String(), { minItems: 1 }),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);
export type ThemeCatalogue = Static<typeof CATALOGUE>;

/** Reads the themes that the program comes with: `config/catalogue/themes.yaml`. Throws `TypeError` on a fault. */
export const readThemeCatalogue = (): ThemeCatalogue => {
  const document: unknown = parse(readFileSync(packageFile('config/catalogue/themes.yaml'), 'utf8'));
  if (Check(CATALOGUE, document)) return document;
  const [first] = Errors(CATALOGUE, document);
  throw new TypeError(`themes.yaml: ${first?.instancePath ?? ''} ${first?.message ?? 'is not valid'}`);
};

export const themesOf = ({ themes }: ThemeCatalogue): Themes =>
  new Map(Object.entries(themes).map(([key, { properties }]) => [key, properties]));
