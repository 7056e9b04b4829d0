import { Type, type Static } from 'typebox';
import type { FastifyRequest } from 'fastify';
import type { FeedCell, FeedPage, FeedPlace, FeedReading } from '../feed/feed.js';
import { noteReads, PURPOSE_QUERY, scopeOf } from './caller.js';
import type { HttpContext, Routes } from './context.js';
import { RESOLUTIONS } from '../store/views-store.js';
import { createOpenStreams, eventsOf } from './feed-stream.js';
import { bindingOf } from './paging.js';
import { presentReading, presentRollup } from './present-series.js';
import { HttpError } from './problem.js';
import { READING, ROLLUP } from './resources/readings.js';
import { sendStream } from './send-file.js';
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
    resolution: Type.Optional(
      Type.Enum(['raw', ...RESOLUTIONS], {
        default: 'raw',
        description:
          'Other than raw: cells of points, each when it has ended, and again, `revised`, when something of it came since.',
      }),
    ),
    ...PURPOSE_QUERY,
  },
  { additionalProperties: false },
);
type Query = Static<typeof QUERY>;
type FeedRequest = FastifyRequest<{ Querystring: Query }>;

const POINT_ID = Type.String({ description: 'Id of the point.' });

const FEED_READING = Type.Object({
  point: POINT_ID,
  ...READING.properties,
  received: Type.String({ format: 'date-time', description: 'When it reached the fleet.' }),
  late: Type.Boolean({ description: 'More than 15 minutes after its time.' }),
  recalled: Type.Boolean({ description: 'Held back by its gateway at first, and asked for since.' }),
});

const FEED_CELL = Type.Object({
  point: POINT_ID,
  ...ROLLUP.properties,
  revised: Type.Boolean({ description: 'It takes the place of what was told of this point and start.' }),
});

const FEED_PAGE = Type.Object({
  items: Type.Union([Type.Array(FEED_READING), Type.Array(FEED_CELL)]),
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
    async (request, reply) => {
      const told = await tell(context, request, request.query.cursor);
      return reply.serializer(JSON.stringify).type('application/json; charset=utf-8').send(told);
    },
  );
  addStream(server, context);
};

const EVENTS = 'text/event-stream; charset=utf-8';

/** An answer without an end is for whoever asks for one, as an `EventSource` does. */
const requireEvents = ({ headers }: FastifyRequest): void => {
  if (headers.accept?.includes('text/event-stream') === true) return;
  throw new HttpError('not-acceptable', 'Accept: text/event-stream.');
};

const addStream: Routes = (server, context) => {
  const streams = createOpenStreams();
  const config = { action: 'read-data' } as const;
  server.get(
    '/api/v1/feed/stream',
    {
      config,
      schema: {
        summary: 'The same as server-sent events',
        description:
          'Each event `readings` has the items of one answer; its id is the cursor of what follows, which a browser ' +
          'sends again as `Last-Event-ID`. Ends within seconds with the right to read; what is withdrawn stops at once.',
        tags: ['data'],
        querystring: QUERY,
        headers: Type.Object({ 'last-event-id': Type.Optional(Type.String({ maxLength: 1000 })) }),
        response: {
          200: { description: 'Events.', content: { 'text/event-stream': { schema: Type.String() } } },
        },
      },
    },
    async (request, reply) => {
      requireEvents(request);
      const from = request.headers['last-event-id'] ?? request.query.cursor;
      const binding = bindingOf(request);
      if (from !== undefined) context.cursors.open(from, binding);
      const close = streams.open(request);
      const gone = new AbortController();
      reply.raw.once('close', () => {
        gone.abort();
        close();
      });
      const events = eventsOf(context, request, (cursor) => tell(context, request, cursor), {
        from,
        signal: gone.signal,
      });
      return sendStream(context, request, reply.type(EVENTS), { lines: events });
    },
  );
};

/** One answer: what comes after a cursor, which is good for its caller and query alone. */
const tell = async (context: HttpContext, request: FeedRequest, cursor: string | undefined) => {
  const { limit = DEFAULT_LIMIT } = request.query;
  const binding = bindingOf(request);
  const place = cursor === undefined ? undefined : placeOf(context.cursors.open(cursor, binding));
  const { readings, cells, ...page } = await readFeed(context, request, place, limit);
  const cellsAlone = cells.map(presentCell);
  const items = cellsAlone.length > 0 ? cellsAlone : readings.map(presentItem);
  return { items, next: context.cursors.seal(JSON.stringify(page.place), binding), more: page.more };
};

/** Reads from a place on; without one, gives the place where it begins. */
const readFeed = async (
  context: HttpContext,
  request: FeedRequest,
  place: FeedPlace | undefined,
  limit: number,
): Promise<FeedPage> => {
  const scope = scopeOf(context, request);
  const { resolution = 'raw' } = request.query;
  const cells = resolution === 'raw' ? {} : { resolution };
  if (place === undefined) {
    const start = await context.feed.start(scope, cells.resolution);
    return { readings: [], cells: [], place: start, more: false };
  }
  return context.feed.read({ scope, note: noteReads(context, request, scope), limit, ...cells }, place);
};

/** What was sealed here is a place. */
const placeOf = (text: string): FeedPlace => JSON.parse(text) as FeedPlace;

const presentItem = ({ pointId, row, receivedAt, late, recalled }: FeedReading) => ({
  point: pointId,
  ...presentReading(row),
  received: isoTime(receivedAt),
  late,
  recalled,
});

const presentCell = ({ pointId, cell, revised }: FeedCell) => ({
  point: pointId,
  ...presentRollup(cell),
  revised,
});
