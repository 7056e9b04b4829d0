import { Type, type Static } from 'typebox';
import type { FastifyRequest } from 'fastify';
import type { FeedItem, FeedPage, FeedPlace } from '../feed/feed.js';
import { noteReads, PURPOSE_QUERY, scopeOf } from './caller.js';
import type { HttpContext, Routes } from './context.js';
import { bindingOf } from './paging.js';
import { presentReading } from './present-series.js';
import { READING } from './resources.js';
import { isoTime } from './time.js';

const DEFAULT_LIMIT = 1000;

const QUERY = Type.Object(
  {
    cursor: Type.Optional(
      Type.String({ maxLength: 1000, description: '`next` of the answer before; without: from now on.' }),
    ),
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 10_000,
        default: DEFAULT_LIMIT,
        description: 'An answer ends with the batch that reaches it.',
      }),
    ),
    ...PURPOSE_QUERY,
  },
  { additionalProperties: false },
);
type Query = Static<typeof QUERY>;
type FeedRequest = FastifyRequest<{ Querystring: Query }>;

const FEED_ITEM = Type.Object({
  point: Type.String({ description: 'Id of the point.' }),
  ...READING.properties,
  received: Type.String({ format: 'date-time', description: 'When it reached the fleet.' }),
  late: Type.Boolean({ description: 'More than 15 minutes after its time.' }),
  recalled: Type.Boolean({ description: 'Held back by its gateway at first, and asked for since.' }),
});

const FEED_PAGE = Type.Object({
  items: Type.Array(FEED_ITEM),
  next: Type.String({ description: 'Keep it when the items are safe: what comes next begins there.' }),
  more: Type.Boolean({ description: 'There is more already.' }),
});

/** Readings as they come. */
export const feedRoutes: Routes = (server, context) => {
  server.get(
    '/api/v1/feed',
    {
      config: { action: 'read-data' },
      schema: {
        summary: 'Readings as they come, each once for whoever keeps the cursor',
        description:
          'In the order in which they reached the fleet, whatever their own time; under a delay, once it is over. ' +
          'Without a cursor it begins now; what was before is read at `/readings`. An agreement is part of it from its ' +
          'date on, and no more from the next answer after a withdrawal.',
        tags: ['data'],
        querystring: QUERY,
        response: { 200: FEED_PAGE },
      },
    },
    async (request) => {
      const { limit = DEFAULT_LIMIT, cursor } = request.query;
      const binding = bindingOf(request);
      const place = cursor === undefined ? undefined : placeOf(context.cursors.open(cursor, binding));
      const page = await readFeed(context, request, place, limit);
      const next = context.cursors.seal(JSON.stringify(page.place), binding);
      return { items: page.items.map(presentItem), next, more: page.more };
    },
  );
};

/** Reads from a place on; without one, gives the place where it begins. */
const readFeed = async (
  context: HttpContext,
  request: FeedRequest,
  place: FeedPlace | undefined,
  limit: number,
): Promise<FeedPage> => {
  const scope = scopeOf(context, request);
  if (place === undefined) return { items: [], place: await context.feed.start(scope), more: false };
  return context.feed.read({ scope, note: noteReads(context, request, scope), limit }, place);
};

/** What was sealed here is a place. */
const placeOf = (text: string): FeedPlace => JSON.parse(text) as FeedPlace;

const presentItem = ({ pointId, row, receivedAt, late, recalled }: FeedItem) => ({
  point: pointId,
  ...presentReading(row),
  received: isoTime(receivedAt),
  late,
  recalled,
});
