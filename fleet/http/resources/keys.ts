import { Type } from 'typebox';
import { nullable } from './common.js';

const NullableTime = nullable(Type.String({ format: 'date-time' }));

export const KEY = Type.Object({
  id: Type.String({ description: 'What the key begins with, after tk1_.' }),
  name: Type.String(),
  organisationId: Type.String(),
  role: Type.String(),
  actions: nullable(Type.Array(Type.String())),
  purpose: Type.String(),
  own: Type.Boolean({ description: 'Your own; ends with your rights.' }),
  created: Type.String({ format: 'date-time' }),
  expires: Type.String({ format: 'date-time' }),
  lastUsed: NullableTime,
  lastUsedFrom: nullable(Type.String()),
  revoked: NullableTime,
  replacedBy: nullable(Type.String()),
});

export const ISSUED_KEY = Type.Object({
  key: Type.String({ description: 'Shown only now.' }),
  ...KEY.properties,
});
