import { Type } from 'typebox';
import { Geometry, Id, nullable } from './common.js';

export const SITE = Type.Object({
  id: Id,
  organisationId: Id,
  name: Type.String(),
  address: nullable(
    Type.Object({
      street: Type.Optional(Type.String()),
      postcode: Type.Optional(Type.String()),
      city: Type.Optional(Type.String()),
      country: Type.Optional(Type.String()),
    }),
  ),
  geometry: Geometry,
});

export const LOCATION = Type.Object({
  id: Id,
  key: Type.String(),
  name: Type.String(),
  organisationId: Id,
  siteId: nullable(Id),
  prm: nullable(Type.String({ description: 'Electricity delivery point.' })),
  pce: nullable(Type.String({ description: 'Gas delivery point.' })),
  geometry: Geometry,
});

export const DEVICE = Type.Object({
  id: Id,
  name: Type.String(),
  maker: Type.String(),
  model: Type.String(),
  serial: nullable(Type.String()),
  organisationId: Id,
  gatewayId: Id,
  locationId: nullable(Id),
});

export const POINT = Type.Object({
  id: Id,
  key: Type.String(),
  name: Type.String(),
  deviceId: Id,
  deviceName: Type.String(),
  organisationId: Id,
  locationId: nullable(Id),
  kind: Type.String(),
  valueType: Type.String(),
  property: Type.String({ description: 'Observed property of the catalogue.' }),
  unit: Type.String({ description: 'UCUM.' }),
  dialUnit: nullable(Type.String({ description: 'UCUM code of the unit on the dial.' })),
});
