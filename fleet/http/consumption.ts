import { DateTime } from 'luxon';
import { Type, type Static } from 'typebox';
import {
  consumptionOf,
  type Index,
  type Leg,
  type Legs,
  type Missing,
} from '../registry/organisations/consumption.js';
import type { Rows } from '../registry/organisations/draft.js';
import type { Scope } from '../sharing/scope.js';
import { joinSpans, type Span } from '../store/periods.js';
import type { PointRow, Resolution, RollupRow } from '../store/views-store.js';
import { ownScopeOf } from './caller.js';
import type { HttpContext, Routes } from './context.js';
import { BY_ID, readableRows } from './deeds.js';
import { HttpError } from './problem.js';
import { isoTime, parseTime } from './time.js';

const DAY_MS = 86_400_000;
/** Up to here counters are followed from minute to minute, beyond from hour to hour. */
const MINUTES_UP_TO_MS = 40 * DAY_MS;
const MAX_BUCKETS = 5000;

const nullable = <Schema extends Parameters<typeof Type.Array>[0]>(schema: Schema) =>
  Type.Union([schema, Type.Null()]);
const Time = Type.String({ format: 'date-time' });

const USED = {
  start: Time,
  end: Time,
  value: nullable(Type.Number({ description: 'In `unit`; null: nothing is known.' })),
  revised: Type.Boolean({ description: 'By a ratio that was revised.' }),
  missing: Type.Array(
    Type.Object({
      from: Time,
      to: Time,
      installationId: Type.String(),
      why: Type.Enum(['no-reading', 'no-first-index', 'no-last-index', 'reset', 'not-yours']),
    }),
    { description: 'What the value leaves out, and why.' },
  ),
};

const CONSUMPTION = Type.Object({
  locationId: Type.String(),
  items: Type.Array(
    Type.Object({
      property: Type.String(),
      unit: Type.String(),
      ...USED,
      installations: Type.Array(
        Type.Object({
          id: Type.String(),
          deviceId: Type.String(),
          serial: nullable(Type.String()),
          from: nullable(Time),
          to: nullable(Time),
          firstIndex: nullable(Type.Number()),
          lastIndex: nullable(Type.Number()),
        }),
      ),
      buckets: Type.Array(Type.Object(USED)),
    }),
  ),
});

const QUERY = Type.Object(
  {
    from: Type.String({ maxLength: 40, description: 'ISO 8601, inclusive.' }),
    to: Type.Optional(Type.String({ maxLength: 40, description: 'ISO 8601, exclusive; now by default.' })),
    resolution: Type.Optional(Type.Enum(['total', '15m', '1h', '1d'])),
    property: Type.Optional(Type.String({ maxLength: 64 })),
  },
  { additionalProperties: false },
);

/** What a location used, whatever meters were there. */
export const consumptionRoutes: Routes = (server, context) => {
  server.get(
    '/api/v1/locations/:id/consumption',
    {
      config: { action: 'read-data' },
      schema: {
        summary: 'What a location used, across replacements of its meters, and what of it is not known',
        tags: ['data'],
        params: BY_ID,
        querystring: QUERY,
        response: { 200: CONSUMPTION },
      },
    },
    async (request) => {
      const scope = ownScopeOf(context, request);
      const location = await context.views.location(scope, request.params.id);
      if (location === undefined) throw new HttpError('not-found', 'There is no such location.');
      const to = request.query.to === undefined ? context.now() : parseTime('to', request.query.to);
      const period = { from: parseTime('from', request.query.from), to };
      if (period.from >= to) throw new HttpError('bad-request', 'from: must be earlier than to.');
      const zone =
        readableRows(context, request).record('organisation', location.organisationId)?.timeZone ?? 'UTC';
      const buckets = bucketsOf(period, request.query.resolution ?? 'total', zone);
      const found = await legsOf(context, scope, location.id);
      const properties = [...new Set(found.map(({ leg }) => leg.property))].toSorted();
      const asked = properties.filter((property) => property === (request.query.property ?? property));
      const items: Static<typeof CONSUMPTION>['items'] = [];
      for (const property of asked) {
        const legs = found.filter(({ leg }) => leg.property === property);
        items.push(await itemOf(context, scope, legs, period, buckets));
      }
      return { locationId: location.id, items };
    },
  );
};

interface FoundLeg {
  readonly leg: Leg;
  readonly point: PointRow;
}

/** Counters of all devices that are, or were, installed there and that the scope shows. */
const legsOf = async (
  { registry, views }: HttpContext,
  scope: Scope,
  locationId: string,
): Promise<readonly FoundLeg[]> => {
  const rows: Rows = registry;
  const legs: FoundLeg[] = [];
  for (const installation of rows.records('installation', { locationId })) {
    for (const { id } of rows.records('point', { deviceId: installation.deviceId, kind: 'counter' })) {
      const point = await views.point(scope, id);
      if (point === undefined) continue;
      const rollover = await views.rolloverOf(scope, id);
      legs.push({ point, leg: { installation, property: point.property, pointId: id, rollover } });
    }
  }
  return legs;
};

const itemOf = async (
  context: HttpContext,
  scope: Scope,
  found: readonly FoundLeg[],
  period: Span,
  buckets: readonly Span[],
) => {
  const legs = found.map(({ leg }) => leg).toSorted((a, b) => a.installation.from - b.installation.from);
  const source = await sourceOf(context, scope, legs, period);
  const property = legs[0]?.property ?? '';
  return {
    property,
    unit: found[0]?.point.unit ?? '',
    ...present(period, consumptionOf(legs, source, period)),
    installations: legs.map(
      ({ installation: { id, deviceId, serial, from, to, firstIndex, lastIndex } }) => ({
        id,
        deviceId,
        serial,
        from: from === 0 ? null : isoTime(from),
        to: to === null ? null : isoTime(to),
        firstIndex: firstIndex?.[property] ?? null,
        lastIndex: lastIndex?.[property] ?? null,
      }),
    ),
    buckets: buckets.map((bucket) => present(bucket, consumptionOf(legs, source, bucket))),
  };
};

const present = (span: Span, { value, missing, revised }: ReturnType<typeof consumptionOf>) => ({
  start: isoTime(span.from),
  end: isoTime(span.to),
  value,
  revised,
  missing: missing.map(({ from, to, ...rest }: Missing) => ({
    ...rest,
    from: isoTime(from),
    to: isoTime(to),
  })),
});

/** What counters said over a period, and last before it: read once, and looked into for each bucket. */
const sourceOf = async (
  context: HttpContext,
  scope: Scope,
  legs: readonly Leg[],
  period: Span,
): Promise<Legs> => {
  const now = context.now();
  const resolution: Resolution = period.to - period.from <= MINUTES_UP_TO_MS ? '1m' : '1h';
  const said = new Map<string, readonly Index[]>();
  const earlier = new Map<Leg, Index | undefined>();
  for (const leg of legs) {
    const { pointId } = leg;
    const cells: CellsOf = async (asked, { from, to }) =>
      from < to
        ? context.views.rollups(scope, now, { pointId, resolution: asked, from, to, limit: 100_000 })
        : [];
    if (!said.has(pointId)) {
      const fine = await cells(resolution, period);
      said.set(pointId, edgesOf(fine.length > 0 ? fine : await cells('15m', period)));
    }
    earlier.set(leg, await lastBefore(cells, leg.installation.from, period.from));
  }
  const all = ({ pointId }: Leg): readonly Index[] => said.get(pointId) ?? [];
  return {
    indexes: (leg, { from, to }) => all(leg).filter(({ time }) => time >= from && time < to),
    before: (leg, time) => all(leg).findLast((index) => index.time < time) ?? earlier.get(leg),
    readable: ({ installation: { deviceId } }, span) =>
      readableSpans(context, scope, deviceId, now).some(({ from, to }) => from <= span.from && span.to <= to),
  };
};

/** Cells of one point that start in a span. */
type CellsOf = (resolution: Resolution, span: Span) => Promise<readonly RollupRow[]>;

/** The last that a counter said before a time, from the beginning of its installation on. */
const lastBefore = async (cells: CellsOf, begin: number, time: number): Promise<Index | undefined> => {
  const found = [
    ...(await cells('1d', { from: Math.max(begin, time - 400 * DAY_MS), to: time })),
    ...(await cells('1h', { from: time - 3 * DAY_MS, to: time })),
    ...(await cells('1m', { from: time - DAY_MS / 8, to: time })),
  ];
  return found
    .flatMap(({ aggregate }) => (aggregate.last === null ? [] : [aggregate.last]))
    .filter((index) => index.time < time)
    .reduce<Index | undefined>(
      (newest, index) => (newest !== undefined && newest.time >= index.time ? newest : index),
      undefined,
    );
};

const edgesOf = (cells: readonly RollupRow[]): readonly Index[] =>
  cells
    .flatMap(({ aggregate: { first, last } }) => [first, last].filter((edge) => edge !== null))
    .filter((edge, place, edges) => place === 0 || edge.time > (edges[place - 1]?.time ?? 0));

/** When the device may be read: who held it, as far as the scope names them. */
const readableSpans = (
  { registry }: HttpContext,
  scope: Scope,
  deviceId: string,
  now: number,
): readonly Span[] =>
  joinSpans(
    (registry as Rows).records('holding', { subjectId: deviceId }).flatMap((held) =>
      scope.grants
        .filter(({ organisationId }) => organisationId === held.organisationId)
        .map((grant) => ({
          from: Math.max(held.from, grant.from ?? held.from),
          to: Math.min(
            held.to ?? Infinity,
            grant.to ?? Infinity,
            grant.delayMs > 0 ? now - grant.delayMs : Infinity,
          ),
        }))
        .filter(({ from, to }) => from < to),
    ),
  );

const STEPS = { '15m': { minutes: 15 }, '1h': { hours: 1 }, '1d': { days: 1 } } as const;

/** Quarters, hours or legal days that begin in the period. */
const bucketsOf = (period: Span, resolution: 'total' | keyof typeof STEPS, zone: string): readonly Span[] => {
  if (resolution === 'total') return [];
  const local = DateTime.fromMillis(period.from, { zone: resolution === '1d' ? zone : 'utc' });
  const ms = resolution === '15m' ? 900_000 : 3_600_000;
  const first =
    resolution === '1d'
      ? local.startOf('day')
      : DateTime.fromMillis(Math.ceil(period.from / ms) * ms, { zone: 'utc' });
  const buckets: Span[] = [];
  for (let start = first; start.toMillis() < period.to; start = start.plus(STEPS[resolution])) {
    const span = { from: start.toMillis(), to: start.plus(STEPS[resolution]).toMillis() };
    if (span.from >= period.from) buckets.push(span);
    if (buckets.length > MAX_BUCKETS) {
      throw new HttpError(
        'bad-request',
        `resolution: at most ${MAX_BUCKETS} buckets; ask for less or coarser.`,
      );
    }
  }
  return buckets;
};
