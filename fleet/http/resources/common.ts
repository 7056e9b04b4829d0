import { Type, type TSchema } from 'typebox';

export const nullable = <Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);

export const Id = Type.String({ description: 'Made by the fleet.' });
export const Time = Type.String({ format: 'date-time', description: 'ISO 8601, UTC.' });

export const Geometry = nullable(
  Type.Record(Type.String(), Type.Unknown(), { description: 'GeoJSON geometry, WGS 84.' }),
);
