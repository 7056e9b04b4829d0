import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Type, type Static } from 'typebox';
import { Check, Errors } from 'typebox/value';
import { parse } from 'yaml';
import { PURPOSES } from '../access/keys/purposes.js';
import { packageFile } from '../package-file.js';
import { CONDITIONS } from './conditions.js';
import { DATASET, TEXT } from './dataset.js';

const KEY = Type.String({ pattern: '^[a-z][a-z0-9-]{0,18}$' });
const { audience: _, ...DESCRIPTION } = DATASET.properties;

/** An agreement with blanks: who takes which part, which datasets are given, until when. */
export const TEMPLATE = Type.Object(
  {
    title: TEXT,
    text: TEXT,
    roles: Type.Record(
      KEY,
      Type.Object(
        {
          name: TEXT,
          several: Type.Optional(
            Type.Boolean({ description: 'Whether several parties may take this part.' }),
          ),
        },
        { additionalProperties: false },
      ),
      { description: 'The parts that parties take.' },
    ),
    datasets: Type.Record(KEY, Type.Object(DESCRIPTION, { additionalProperties: false }), {
      description: 'What is given, as each giver makes it of their own.',
    }),
    clauses: Type.Array(
      Type.Object(
        {
          key: KEY,
          giver: Type.String({ description: 'A role: a clause for each party that takes it.' }),
          dataset: Type.String(),
          receivers: Type.Union([Type.Literal('parties'), Type.Array(Type.String(), { minItems: 1 })], {
            description: '`parties`, or roles.',
          }),
          purposes: Type.Array(Type.Enum([...PURPOSES]), { minItems: 1, uniqueItems: true }),
          conditions: Type.Optional(CONDITIONS),
        },
        { additionalProperties: false },
      ),
      { minItems: 1 },
    ),
    conditions: Type.Optional(CONDITIONS),
    months: Type.Optional(Type.Integer({ minimum: 1, maximum: 120, description: 'Usual term.' })),
    accession: Type.Enum(['closed', 'open']),
  },
  { additionalProperties: false },
);
export type Template = Static<typeof TEMPLATE>;

/** The templates that the program comes with: `config/agreements/<name>.yaml`. Throws `TypeError` on a fault. */
export const readTemplates = (): ReadonlyMap<string, Template> => {
  const folder = packageFile('config/agreements');
  const files = readdirSync(folder).filter((file) => file.endsWith('.yaml'));
  return new Map(
    files
      .toSorted()
      .map((file) => [
        file.slice(0, -'.yaml'.length),
        parseTemplate(file, readFileSync(join(folder, file), 'utf8')),
      ]),
  );
};

/** Throws `TypeError` that names file and key. */
export const parseTemplate = (file: string, text: string): Template => {
  const document: unknown = parse(text);
  if (!Check(TEMPLATE, document)) {
    const [first] = Errors(TEMPLATE, document);
    throw new TypeError(`${file}: ${first?.instancePath ?? ''} ${first?.message ?? 'is not valid'}`);
  }
  for (const [index, clause] of document.clauses.entries()) {
    const roles = [clause.giver, ...(clause.receivers === 'parties' ? [] : clause.receivers)];
    const unknown = roles.find((role) => !(role in document.roles));
    if (unknown !== undefined) throw new TypeError(`${file}: /clauses/${index} there is no role ${unknown}`);
    if (!(clause.dataset in document.datasets)) {
      throw new TypeError(`${file}: /clauses/${index} there is no dataset ${clause.dataset}`);
    }
  }
  return document;
};

/** What an editor completes and underlines in a template. */
export const TEMPLATE_SCHEMA: object = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Template of an agreement',
  ...TEMPLATE,
};
