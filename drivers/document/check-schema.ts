import type { Static, TSchema } from 'typebox';
import type { TLocalizedValidationError } from 'typebox/error';
import { Settings } from 'typebox/system';
import { Value } from 'typebox/value';
import { nearest } from './nearest.js';
import type { Path, YamlDocument } from './yaml-document.js';

/** The part of a JSON Schema that files written by people use. */
interface Shape {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly patternProperties?: Readonly<Record<string, Shape>>;
  readonly items?: Shape;
  readonly enum?: readonly unknown[];
}

const child = (shape: Shape | undefined, key: string): Shape | undefined =>
  shape?.properties?.[key] ??
  Object.entries(shape?.patternProperties ?? {}).find(([pattern]) => new RegExp(pattern).test(key))?.[1] ??
  shape?.items;

/**
 * What the writer meant, by what the schema wants: a key without a value (`points:`) where a map belongs is an
 * empty map, and text is the text as it was written. YAML would make the number 80 of `8E1`, and 12 of `0012`.
 */
const asMeant = (document: YamlDocument, shape: Shape | undefined, value: unknown, path: Path): unknown => {
  const inner = (item: unknown, key: string): unknown =>
    asMeant(document, child(shape, key), item, [...path, key]);
  if (shape?.type === 'object' && value === null) return {};
  if (shape?.type === 'string' && typeof value !== 'string' && value !== null)
    return document.written(path) ?? value;
  if (shape?.type === 'array' && Array.isArray(value))
    return value.map((item, index) => inner(item, String(index)));
  if (shape?.type !== 'object' || typeof value !== 'object' || value === null || Array.isArray(value))
    return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, inner(item, key)]));
};

const pathOf = (pointer: string): Path =>
  pointer
    .split('/')
    .slice(1)
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));

const valueAt = (root: unknown, path: Path): unknown => {
  let value = root;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Object.entries(value).find(([name]) => name === key)?.[1];
  }
  return value;
};

const NOUNS: Readonly<Record<string, string>> = {
  object: 'a map of keys',
  array: 'a list',
  string: 'text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
};

const article = (shape: Shape | undefined): string =>
  shape?.description ?? NOUNS[String(shape?.type)] ?? 'something else';

const reportOther = (document: YamlDocument, shape: Shape | undefined, value: unknown, path: Path): void => {
  if (shape?.enum !== undefined) {
    const names = shape.enum.map(String);
    document.report(path, `${JSON.stringify(value)} is not known here`, nearest(String(value), names));
    return;
  }
  const written = document.written(path);
  const given =
    typeof value === 'object' || value === undefined ? '' : `, not ${written ?? JSON.stringify(value)}`;
  document.report(path, `must be ${article(shape)}${given}`);
};

interface Checked {
  readonly document: YamlDocument;
  readonly shape: Shape;
  readonly value: unknown;
  /** Where `value` stands in the document. */
  readonly path: Path;
}

const reportError = (checked: Checked, error: TLocalizedValidationError): void => {
  const { document } = checked;
  const inner = pathOf(error.instancePath);
  const path = [...checked.path, ...inner];
  let shape: Shape | undefined = checked.shape;
  for (const key of inner) shape = child(shape, key);
  if (error.keyword === 'boolean') return;
  if (error.keyword === 'required') {
    for (const key of error.params.requiredProperties) {
      document.report([...path, key], `is missing: ${article(shape?.properties?.[key])}`);
    }
  } else if (error.keyword === 'additionalProperties') {
    for (const key of error.params.additionalProperties) {
      const known = Object.keys(shape?.properties ?? {});
      if (known.length > 0) document.report([...path, key], 'is not a key known here', nearest(key, known));
      else document.report([...path, key], `the key must be ${shape?.description ?? 'another'}`);
    }
  } else reportOther(document, shape, valueAt(checked.value, inner), path);
};

/** Errors that a file of people can have at once and still be read. */
const MAX_ERRORS = 100;

const errorsOf = (schema: TSchema, value: unknown): readonly TLocalizedValidationError[] => {
  const { maxErrors } = Settings.Get();
  // TypeBox stops at eight errors, and only its global setting says otherwise.
  Settings.Set({ maxErrors: MAX_ERRORS });
  try {
    return Value.Errors(schema, value);
  } finally {
    Settings.Set({ maxErrors });
  }
};

/**
 * Checks a document, or the part of it at `path`, against a schema of closed objects, records, lists and scalars;
 * each error becomes a problem of the document. `undefined` where there was any. Descriptions in the schema are
 * noun phrases ("a duration such as 10s"): they stand in the messages.
 */
export const checkSchema = <T extends TSchema>(
  document: YamlDocument,
  schema: T,
  path: Path = [],
): Static<T> | undefined => {
  if (path.length === 0 && document.problems.length > 0) return undefined;
  const shape: Shape = schema;
  const value = asMeant(document, shape, valueAt(document.value, path), path);
  if (Value.Check(schema, value)) return value;
  const seen = new Set<string>();
  for (const error of errorsOf(schema, value)) {
    const at = `${error.keyword === 'pattern' ? 'type' : error.keyword} ${error.instancePath}`;
    if (!seen.has(at)) reportError({ document, shape, value, path }, error);
    seen.add(at);
  }
  return undefined;
};
