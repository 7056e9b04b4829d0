import { Type, type Static } from 'typebox';
import type { FastifyRequest } from 'fastify';
import { isMember } from '../access/subject.js';
import { monthBefore, monthsOf } from '../sharing/usage/months.js';
import { USAGE_ROW, usageCsv, usageRows } from '../sharing/usage/usage-report.js';
import { DAY } from '../store/periods.js';
import { USAGE_GROUPS } from '../store/usage-store.js';
import { reachOf } from './caller.js';
import type { HttpContext, Routes } from './context.js';
import { HttpError } from './problem.js';
import { sendFile } from './send-file.js';
import { isoTime, parseTime } from './time.js';

const DEFAULT_MONTHS = 11;
const MAX_PERIOD_MS = 3660 * DAY;

const QUERY = Type.Object(
  {
    side: Type.Optional(
      Type.Enum(['given', 'made'], {
        description: 'given (default): what others used of one’s own; made: what one used of others.',
      }),
    ),
    by: Type.Optional(
      Type.Enum([...USAGE_GROUPS], {
        description: 'month (default): all details of each month; else sums by this, giver and reader.',
      }),
    ),
    from: Type.Optional(
      Type.String({ maxLength: 40, description: 'ISO 8601, inclusive; the last twelve months by default.' }),
    ),
    to: Type.Optional(Type.String({ maxLength: 40, description: 'ISO 8601, exclusive; now by default.' })),
    format: Type.Optional(Type.Enum(['json', 'csv'])),
  },
  { additionalProperties: false },
);

const REPORT = Type.Object({
  from: Type.String({ format: 'date-time' }),
  to: Type.String({ format: 'date-time' }),
  items: Type.Array(USAGE_ROW),
});

/** The usage ledger: one sees what was used of one's own, and what one used oneself, nothing else. */
export const usageRoutes: Routes = (server, context) => {
  server.get(
    '/api/v1/usage',
    {
      config: { action: 'read-usage' },
      schema: {
        summary: 'Who used whose data for what, by month',
        description: 'By the hour: an hour belongs to the period that it begins in.',
        tags: ['sharing'],
        querystring: QUERY,
        response: {
          200: {
            description: 'The rows; or the same as CSV.',
            content: {
              'application/json': { schema: REPORT },
              'text/csv': { schema: Type.String() },
            },
          },
        },
      },
    },
    async (request, reply) => {
      const { from, to, items } = reportOf(context, request);
      if (request.query.format === 'csv') {
        const lines = [usageCsv(items)];
        return sendFile(context, request, reply, {
          name: 'usage.csv',
          type: 'text/csv; charset=utf-8',
          lines,
        });
      }
      const report = { from: isoTime(from), to: isoTime(to), items };
      return reply.serializer(JSON.stringify).type('application/json; charset=utf-8').send(report);
    },
  );
};

const reportOf = (context: HttpContext, request: FastifyRequest<{ Querystring: Static<typeof QUERY> }>) => {
  const { query, subject } = request;
  const home = isMember(subject) ? subject.organisationId : '';
  const { timeZone = 'Europe/Paris' } = context.registry.organisations().find(({ id }) => id === home) ?? {};
  // with the hour that begins now
  const to = query.to === undefined ? context.now() + 1 : parseTime('to', query.to);
  const from =
    query.from === undefined ? monthBefore(to, DEFAULT_MONTHS, timeZone) : parseTime('from', query.from);
  if (from >= to) throw new HttpError('bad-request', 'from: must be earlier than to.');
  if (to - from > MAX_PERIOD_MS) throw new HttpError('bad-request', 'from: at most ten years before to.');
  // what was read a moment ago is told too
  context.usage.flush();
  const { organisations, siteId } = reachOf(context, request);
  const bodies = context.sharing.bodies();
  const sums = context.registry.usage.sums({
    side: query.side === 'made' ? 'reader' : 'giver',
    organisations:
      siteId === undefined ? [...new Set([...organisations].map((id) => bodies.bodyOf(id)))] : [],
    by: query.by ?? 'month',
    months: monthsOf(from, to, timeZone),
  });
  return { from, to, items: [...usageRows(sums, context.sharing.policy())] };
};
