import { readFileSync } from 'node:fs';
import { Type, type Static } from 'typebox';
import { Check, Errors } from 'typebox/value';
import { parse } from 'yaml';
import { packageFile } from '../../package-file.js';
import { ORGANISATION_TYPES, PARTNER_KINDS } from '../../store/organisations-store.js';

const Names = { en: Type.String(), fr: Type.String() };
const strict = { additionalProperties: false };

const VOCABULARY = Type.Object(
  {
    types: Type.Record(
      Type.Enum([...ORGANISATION_TYPES]),
      Type.Object(
        {
          under: Type.Array(Type.Enum(['top', ...ORGANISATION_TYPES])),
          code: Type.Enum(['insee', 'siren']),
          ...Names,
        },
        strict,
      ),
    ),
    partners: Type.Record(Type.Enum([...PARTNER_KINDS]), Type.Object(Names, strict)),
    competences: Type.Record(Type.String({ pattern: '^[a-z][a-z-]*$' }), Type.Object(Names, strict)),
  },
  strict,
);

/** Types of organisations, who may stand under whom, and legal competences: `config/catalogue/organisations.yaml`. */
export type OrganisationVocabulary = Static<typeof VOCABULARY>;

/** Reads the vocabulary that the program comes with. Throws `TypeError` naming the key that is wrong. */
export const readOrganisationVocabulary = (): OrganisationVocabulary =>
  parseOrganisationVocabulary(readFileSync(packageFile('config/catalogue/organisations.yaml'), 'utf8'));

export const parseOrganisationVocabulary = (text: string): OrganisationVocabulary => {
  const document: unknown = parse(text);
  if (Check(VOCABULARY, document)) return document;
  const [first] = Errors(VOCABULARY, document);
  throw new TypeError(`organisations.yaml: ${first?.instancePath ?? ''} ${first?.message ?? 'is not valid'}`);
};
