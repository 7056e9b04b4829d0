import type { FastifySchemaCompiler } from 'fastify';
import type { TObject, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';

/**
 * Checks requests against their TypeBox schemas and repairs nothing: unknown keys, numbers as text and the like are
 * faults. Only in a query, where everything is text, digits stand for an integer.
 */
export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const validator = Compile(schema);
  return (value: unknown) => {
    const taken = httpPart === 'querystring' ? withIntegers(schema, value) : value;
    return validator.Check(taken) ? { value: taken } : { error: validator.Errors(taken) };
  };
};

const withIntegers = (schema: TSchema, query: unknown): unknown => {
  const { properties = {} } = schema as Partial<TObject>;
  return Object.fromEntries(
    Object.entries(Object(query)).map(([name, text]) => {
      const isInteger = Object(properties[name]).type === 'integer';
      return [name, isInteger && typeof text === 'string' && /^-?\d{1,15}$/.test(text) ? Number(text) : text];
    }),
  );
};
