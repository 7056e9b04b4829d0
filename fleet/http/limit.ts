import { Type, type Static } from 'typebox';
import { limitOf, type Limit } from '../store/people-store.js';
import { isoTime, parseTime } from './time.js';

const Time = Type.String({ format: 'date-time' });

/** Where and when a technician's role holds, as it is answered. */
export const LIMIT = Type.Union(
  [
    Type.Object({
      siteId: Type.Union([Type.String(), Type.Null()]),
      from: Type.Union([Time, Type.Null()]),
      to: Type.Union([Time, Type.Null()]),
    }),
    Type.Null(),
  ],
  {
    description: 'The role holds at this site, from then until then, alone; null: everywhere below, always.',
  },
);

/** The same, as it is asked for. */
export const ASKED_LIMIT = Type.Object(
  {
    siteId: Type.Optional(
      Type.String({ maxLength: 64, description: 'Of a site at or below the organisation.' }),
    ),
    from: Type.Optional(Type.String({ maxLength: 40, description: 'ISO 8601, inclusive.' })),
    to: Type.Optional(Type.String({ maxLength: 40, description: 'ISO 8601, exclusive.' })),
  },
  { additionalProperties: false, minProperties: 1, description: 'Of a technician alone.' },
);

export const presentLimit = (limit: Limit | undefined): Static<typeof LIMIT> =>
  limit === undefined
    ? null
    : {
        siteId: limit.siteId ?? null,
        from: limit.from === undefined ? null : isoTime(limit.from),
        to: limit.to === undefined ? null : isoTime(limit.to),
      };

/** Throws `HttpError` `bad-request` on a time that is none. */
export const limitAsked = (
  asked: Static<typeof ASKED_LIMIT> | null | undefined,
): { readonly limit?: Limit } =>
  asked === null || asked === undefined
    ? {}
    : limitOf({
        siteId: asked.siteId,
        from: asked.from === undefined ? undefined : parseTime('limit.from', asked.from),
        to: asked.to === undefined ? undefined : parseTime('limit.to', asked.to),
      });
