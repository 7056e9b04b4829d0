import { join } from 'node:path';
import { Type } from 'typebox';
import type { Static, TSchema } from 'typebox';
import { KINDS } from '#wire/terms.js';
import { checkSchema } from '../../drivers/document/check-schema.js';
import { nearest } from '../../drivers/document/nearest.js';
import { openYaml } from '../../drivers/document/yaml-document.js';
import type { YamlDocument } from '../../drivers/document/yaml-document.js';
import type { ObservedProperty, Unit, Vocabulary } from '../../drivers/vocabulary.js';
import { ConfigurationError } from './errors.js';
import { readText } from './read-text.js';

/** The observed properties and units that points may name: `config/catalogue/*.yaml`, once read. */
export interface Catalogue extends Vocabulary {
  readonly properties: ReadonlyMap<string, CatalogueProperty>;
  readonly units: ReadonlyMap<string, CatalogueUnit>;
}

export interface CatalogueProperty extends ObservedProperty {
  readonly en: string;
  readonly fr: string;
  /** Values outside are physically implausible; in the property's own unit. */
  readonly range?: readonly [lowest: number, highest: number];
  /** Attribute of the Smart Data Models that carries it, `<entity type>.<attribute>`. */
  readonly smartData?: string;
  /** Definition of the ObservedProperty in SensorThings: a quantity kind of QUDT. */
  readonly sensorThings?: string;
}

export interface CatalogueUnit extends Unit {
  /** Value in the quantity's base = value × factor + offset. */
  readonly factor: number;
  readonly offset: number;
  /** As it stands on a dial. */
  readonly symbol: string;
  /** Common code of UN/CEFACT Recommendation 20 (`unitCode` in NGSI-LD); absent where it has none. */
  readonly uncefact?: string;
  readonly en: string;
  readonly fr: string;
}

const closed = { additionalProperties: false } as const;
const Names = { en: Type.String({ minLength: 1 }), fr: Type.String({ minLength: 1 }) };

export const UnitsFile = Type.Object(
  {
    units: Type.Record(
      Type.String({ pattern: '^[!-~]{1,40}$' }),
      Type.Object(
        {
          quantity: Type.String({ minLength: 1 }),
          factor: Type.Optional(Type.Number({ exclusiveMinimum: 0 })),
          offset: Type.Optional(Type.Number()),
          symbol: Type.String(),
          uncefact: Type.Optional(
            Type.String({
              pattern: '^[A-Z0-9]{2,3}$',
              description: 'a common code of UN/CEFACT Recommendation 20, such as KWH',
            }),
          ),
          ...Names,
        },
        closed,
      ),
      { ...closed, description: 'a UCUM code: printable ASCII without spaces' },
    ),
  },
  closed,
);

export const PropertiesFile = Type.Object(
  {
    properties: Type.Record(
      Type.String({ pattern: '^[a-z][a-z0-9_]*$' }),
      Type.Object(
        {
          unit: Type.String(),
          kinds: Type.Array(Type.Enum([...KINDS]), { minItems: 1 }),
          range: Type.Optional(Type.Array(Type.Number(), { minItems: 2, maxItems: 2 })),
          smartData: Type.Optional(
            Type.String({
              pattern: '^[A-Z][A-Za-z]+\\.[A-Za-z][A-Za-z0-9]*$',
              description: 'an entity type and its attribute',
            }),
          ),
          sensorThings: Type.Optional(
            Type.String({ pattern: '^https?://', description: 'the address of a definition' }),
          ),
          ...Names,
        },
        closed,
      ),
      { ...closed, description: 'a name of small letters, digits and _' },
    ),
  },
  closed,
);

const parse = <T extends TSchema>(
  text: string,
  file: string,
  schema: T,
): { document: YamlDocument; content: Static<T> } => {
  const document = openYaml(text, file);
  const content = checkSchema(document, schema);
  if (content === undefined) throw new ConfigurationError('invalid', document.problems);
  return { document, content };
};

/** Reads the catalogue's two files from a folder. Throws a `ConfigurationError`. */
export const loadCatalogue = (folder: string): Catalogue => {
  const unitsFile = join(folder, 'units.yaml');
  const listed = parse(readText(unitsFile), unitsFile, UnitsFile).content.units;
  const units = new Map(
    Object.entries(listed).map(([code, unit]) => [
      code,
      { ...unit, factor: unit.factor ?? 1, offset: unit.offset ?? 0 },
    ]),
  );
  const file = join(folder, 'properties.yaml');
  const { document, content } = parse(readText(file), file, PropertiesFile);
  const properties = new Map<string, CatalogueProperty>();
  for (const [key, { range, ...property }] of Object.entries(content.properties)) {
    if (!units.has(property.unit)) {
      document.report(
        ['properties', key, 'unit'],
        `${property.unit} is not in units.yaml`,
        nearest(property.unit, units.keys()),
      );
    }
    const [lowest, highest] = range ?? [];
    const bounds = lowest === undefined || highest === undefined ? {} : { range: [lowest, highest] as const };
    properties.set(key, { ...property, ...bounds });
  }
  if (document.problems.length > 0) throw new ConfigurationError('invalid', document.problems);
  return { kinds: KINDS, properties, units };
};
