import { Type } from 'typebox';
import { ORGANISATION_TYPES, PARTNER_KINDS } from '../../store/organisations-store.js';
import { Geometry, Id, Time, nullable } from './common.js';

const ORGANISATION_FIELDS = {
  id: Id,
  parentId: nullable(Id),
  name: Type.String(),
  type: Type.Enum([...ORGANISATION_TYPES]),
  code: nullable(Type.String({ description: 'INSEE commune code or SIREN.' })),
  siret: nullable(Type.String({ description: 'SIRET of its seat.' })),
  partnerKind: nullable(Type.Enum([...PARTNER_KINDS])),
  timeZone: Type.String({ description: 'IANA zone of its legal days.' }),
  endedAt: nullable(Time),
};

export const ORGANISATION = Type.Object(ORGANISATION_FIELDS);

export const ORGANISATION_DETAIL = Type.Object({
  ...ORGANISATION_FIELDS,
  boundary: Geometry,
  succeededBy: nullable(Id),
});

/** What an id answers whose record was merged into another. */
export const MERGED = Type.Object(
  { id: Id, mergedInto: Id },
  { description: 'It was a duplicate: see `Location`.' },
);

export const COMPETENCE = Type.Object({
  id: Id,
  key: Type.String({ description: 'Competence of the catalogue.' }),
  holderId: nullable(Type.String({ description: 'Who holds it; null: somebody whom you do not see.' })),
  forId: nullable(Type.String({ description: 'For whom.' })),
  from: Time,
  to: nullable(Time),
});
