import { Type } from 'typebox';
import { SINGLE_USE_STATES } from '../../access/single-use.js';
import { Id, Time, nullable } from './common.js';

export const ENROLMENT_TOKEN = Type.Object({
  id: Id,
  organisationId: Id,
  createdBy: Type.String(),
  expires: Time,
  serial: nullable(Type.String({ description: 'Of the only box that may use it.' })),
  approval: Type.Boolean({ description: 'The claim waits for an operator.' }),
  replaces: nullable(Type.String({ description: 'Gateway whose devices the new one takes over.' })),
  siteId: nullable(Type.String({ description: 'Where the gateway will stand.' })),
  state: Type.Enum([...SINGLE_USE_STATES]),
  gatewayId: nullable(Type.String({ description: 'Who used it.' })),
  used: nullable(Time),
});

export const ENROLMENT_CLAIM = Type.Object({
  gatewayId: Id,
  organisationId: Id,
  name: Type.String(),
  serial: nullable(Type.String({ description: 'What the box says of itself.' })),
  replaces: nullable(Type.String()),
  siteId: nullable(Type.String({ description: 'Where the gateway will stand.' })),
  asked: Time,
  expires: Time,
});
