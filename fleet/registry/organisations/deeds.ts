import { Type, type Static, type TSchema } from 'typebox';
import { ORGANISATION_TYPES, PARTNER_KINDS } from '../../store/organisations-store.js';
import { GEOMETRY } from './geometry.js';
import type { ImportTable } from './import/table.js';

/** What can be asked of organisations and what they hold; one declaration for HTTP, the command line and its types. */

const strict = { additionalProperties: false };
const Id = Type.String({ minLength: 1, maxLength: 64 });
const Name = Type.String({ minLength: 1, maxLength: 200 });
const nullable = <Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);
const optional = <Schema extends TSchema>(schema: Schema) => Type.Optional(nullable(schema));
export const Time = Type.String({
  maxLength: 40,
  description: 'ISO 8601 with an offset; a date alone is midnight in the zone of the organisation.',
});

const ORGANISATION_FIELDS = {
  code: optional(Type.String({ maxLength: 9, description: 'INSEE commune code, or SIREN.' })),
  siret: optional(Type.String({ maxLength: 14, description: 'SIRET of its seat.' })),
  partnerKind: optional(Type.Enum([...PARTNER_KINDS])),
  boundary: optional(GEOMETRY),
};
const TimeZone = Type.String({ maxLength: 64, description: 'IANA zone; the parent’s by default.' });

export const NEW_ORGANISATION = Type.Object(
  {
    parentId: nullable(Id),
    name: Name,
    type: Type.Enum([...ORGANISATION_TYPES]),
    ...ORGANISATION_FIELDS,
    timeZone: Type.Optional(TimeZone),
  },
  strict,
);

export const ORGANISATION_PATCH = Type.Object(
  {
    parentId: Type.Optional(Id),
    name: Type.Optional(Name),
    ...ORGANISATION_FIELDS,
    timeZone: Type.Optional(TimeZone),
  },
  strict,
);

export const NEW_COMPETENCE = Type.Object(
  {
    key: Type.String({
      maxLength: 64,
      description: 'Competence of the catalogue: water, waste, lighting, …',
    }),
    holderId: Id,
    forId: Id,
    from: Time,
    to: optional(Time),
  },
  strict,
);

const ADDRESS = Type.Object(
  {
    street: Type.Optional(Type.String({ maxLength: 200 })),
    postcode: Type.Optional(Type.String({ maxLength: 16 })),
    city: Type.Optional(Type.String({ maxLength: 100 })),
    country: Type.Optional(Type.String({ pattern: '^[A-Z]{2}$', description: 'ISO 3166-1 alpha-2' })),
  },
  strict,
);

export const NEW_SITE = Type.Object(
  { organisationId: Id, name: Name, address: optional(ADDRESS), geometry: optional(GEOMETRY) },
  strict,
);
export const SITE_PATCH = Type.Object(
  { name: Type.Optional(Name), address: optional(ADDRESS), geometry: optional(GEOMETRY) },
  strict,
);

const LOCATION_FIELDS = {
  siteId: optional(Id),
  prm: optional(Type.String({ maxLength: 14, description: 'Electricity delivery point, 14 digits.' })),
  pce: optional(Type.String({ maxLength: 14, description: 'Gas delivery point: 14 digits, or GI and 6.' })),
  geometry: optional(GEOMETRY),
};
export const NEW_LOCATION = Type.Object(
  {
    organisationId: Id,
    key: Type.String({ pattern: '^[a-z0-9][a-z0-9._-]{0,63}$', description: 'What gateways call it.' }),
    name: Name,
    ...LOCATION_FIELDS,
  },
  strict,
);
export const LOCATION_PATCH = Type.Object({ name: Type.Optional(Name), ...LOCATION_FIELDS }, strict);
export const GATEWAY_PLACE = Type.Object({ siteId: nullable(Id) }, strict);

const Ids = Type.Array(Id, { maxItems: 10_000, uniqueItems: true });
const THINGS = {
  gateways: Type.Optional(Ids),
  devices: Type.Optional(Ids),
  locations: Type.Optional(Ids),
  sites: Type.Optional(Ids),
};
const TERMS = {
  from: Time,
  past: Type.Enum(['readable', 'withheld'], {
    description:
      'Whether the next holder may read what was measured before. It stays with the former one anyway.',
  }),
};

export const TRANSFER = Type.Object(
  {
    to: Id,
    ...TERMS,
    organisation: Type.Optional(Type.String({ maxLength: 64, description: 'Everything that it holds.' })),
    ...THINGS,
    alone: Type.Optional(
      Type.Boolean({
        description: 'Without the devices of the gateways, and the locations that they leave.',
      }),
    ),
  },
  strict,
);

export const UNION = Type.Object(
  {
    organisations: Type.Array(Id, { minItems: 1, maxItems: 200, uniqueItems: true }),
    into: Type.Union([Id, NEW_ORGANISATION], { description: 'One that is there, or a new one.' }),
    ...TERMS,
  },
  strict,
);

export const SPLIT = Type.Object(
  {
    organisation: Id,
    parts: Type.Array(Type.Object({ into: Type.Union([Id, NEW_ORGANISATION]), ...THINGS }, strict), {
      minItems: 1,
      maxItems: 200,
    }),
    ends: Type.Boolean({ description: 'The organisation ceases: then every thing must be in some part.' }),
    ...TERMS,
  },
  strict,
);

export const MERGE = Type.Object(
  {
    record: Type.Enum(['organisation', 'site', 'location']),
    survivor: Id,
    duplicate: Id,
    take: Type.Optional(
      Type.Array(Type.String({ maxLength: 32 }), {
        maxItems: 20,
        description: 'Fields to take of the duplicate; of the others, the survivor’s stays where it has one.',
      }),
    ),
  },
  strict,
);

const INDEXES = Type.Record(Type.String({ maxLength: 64 }), Type.Number(), {
  description: 'By observed property: what the dial showed, in the point’s unit, coefficients applied.',
});

export const METER_REPLACEMENT = Type.Object(
  {
    locationId: Id,
    at: Time,
    device: Type.Optional(
      Type.String({
        maxLength: 64,
        description: 'Id or serial number of the one that goes, where there are several.',
      }),
    ),
    lastIndex: Type.Optional(INDEXES),
    serial: Type.String({ minLength: 1, maxLength: 64 }),
    firstIndex: Type.Optional(INDEXES),
    ratio: Type.Optional(Type.Number()),
    offset: Type.Optional(Type.Number()),
    pulseWeight: Type.Optional(Type.Number({ exclusiveMinimum: 0 })),
    maker: Type.Optional(Name),
    model: Type.Optional(Name),
    behindLogger: Type.Optional(
      Type.Boolean({
        description: 'The device that the gateway reads stays: it counts pulses of the meter.',
      }),
    ),
  },
  strict,
);

export const REVISION = Type.Object(
  {
    installationId: Id,
    revisedRatio: nullable(Type.Number()),
    reason: Type.String({ minLength: 3, maxLength: 500 }),
  },
  strict,
);

export type NewOrganisation = Static<typeof NEW_ORGANISATION>;
export type OrganisationPatch = Static<typeof ORGANISATION_PATCH>;
export type NewCompetence = Static<typeof NEW_COMPETENCE>;
export type NewSite = Static<typeof NEW_SITE>;
export type SitePatch = Static<typeof SITE_PATCH>;
export type NewLocation = Static<typeof NEW_LOCATION>;
export type LocationPatch = Static<typeof LOCATION_PATCH>;
export type Transfer = Static<typeof TRANSFER>;
export type Union = Static<typeof UNION>;
export type Split = Static<typeof SPLIT>;
export type Merge = Static<typeof MERGE>;
export type MeterReplacement = Static<typeof METER_REPLACEMENT>;
export type Revision = Static<typeof REVISION>;

/** One deed: what is asked, under the name of the act that it becomes. */
export type Deed =
  | { readonly deed: 'add-organisation'; readonly asked: NewOrganisation }
  | { readonly deed: 'change-organisation'; readonly id: string; readonly asked: OrganisationPatch }
  | { readonly deed: 'remove-organisation'; readonly id: string }
  | { readonly deed: 'add-competence'; readonly asked: NewCompetence }
  | { readonly deed: 'end-competence'; readonly id: string; readonly to: string }
  | { readonly deed: 'add-site'; readonly asked: NewSite }
  | { readonly deed: 'change-site'; readonly id: string; readonly asked: SitePatch }
  | { readonly deed: 'remove-site'; readonly id: string }
  | { readonly deed: 'add-location'; readonly asked: NewLocation }
  | { readonly deed: 'change-location'; readonly id: string; readonly asked: LocationPatch }
  | { readonly deed: 'remove-location'; readonly id: string }
  | { readonly deed: 'place-gateway'; readonly id: string; readonly siteId: string | null }
  | { readonly deed: 'transfer'; readonly asked: Transfer }
  | { readonly deed: 'unite'; readonly asked: Union }
  | { readonly deed: 'split'; readonly asked: Split }
  | { readonly deed: 'merge'; readonly asked: Merge }
  | { readonly deed: 'replace-meter'; readonly asked: MeterReplacement }
  | { readonly deed: 'revise'; readonly asked: Revision }
  | { readonly deed: 'import'; readonly table: ImportTable };
