import { setImmediate } from 'node:timers/promises';
import { Type } from 'typebox';
import { readCsv } from '../registry/organisations/import/read-csv.js';
import { readGeoJson } from '../registry/organisations/import/read-geojson.js';
import {
  COLUMNS,
  IMPORTED_RECORDS,
  parseColumnMap,
  textOf,
  type ImportTable,
} from '../registry/organisations/import/table.js';
import type { Routes, Server } from './context.js';
import { ACT, actorOf, DRY_RUN, presentAct, presentPlan, recorded } from './deeds.js';
import { HttpError } from './problem.js';

const CSV = 'text/csv';
const GEOJSON = 'application/geo+json';
const BODY_LIMIT_BYTES = 1024 * 1024;

/** Bodies of these types are read as text. */
export const acceptImportFiles = (server: Server): void => {
  server.addContentTypeParser([CSV, GEOJSON], { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      done(null, textOf(Buffer.from(body)));
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
    }
  });
};

const QUERY = Type.Object(
  {
    ...DRY_RUN.properties,
    record: Type.Optional(
      Type.Enum([...IMPORTED_RECORDS], { description: 'What the rows are, where no column says so.' }),
    ),
    map: Type.Optional(
      Type.Union(
        [Type.String({ maxLength: 200 }), Type.Array(Type.String({ maxLength: 200 }), { maxItems: 50 })],
        {
          description: '`prm=N° PRM`: what the file calls a column; once for each.',
        },
      ),
    ),
  },
  { additionalProperties: false },
);

/** Organisations, sites and locations from a file. */
export const importRoutes: Routes = (server, context) => {
  const columns = Object.entries(COLUMNS).map(([column, meaning]) => `\`${column}\`: ${meaning}.`);
  const file = Type.String({ minLength: 1 });
  server.post(
    '/api/v1/imports',
    {
      config: { action: 'import-records' },
      bodyLimit: BODY_LIMIT_BYTES,
      schema: {
        summary:
          'Add and change organisations, sites and locations from CSV or GeoJSON: all of it, or nothing',
        description: `Columns, or properties. ${columns.join(' ')} Others are ignored. One act, which can be undone; a plan where nothing differs.`,
        tags: ['organisations'],
        querystring: QUERY,
        body: { content: { [CSV]: { schema: file }, [GEOJSON]: { schema: file } } },
        response: { 200: ACT },
      },
    },
    async (request) => {
      const { dryRun, record, map = [] } = request.query;
      const settings = { record, map: parseColumnMap([map].flat()) };
      const table = tableOf(request.headers['content-type'], request.body, settings);
      const actor = actorOf(context, request);
      const plan = await context.organisations.planImport(table, actor, setImmediate);
      if (dryRun === 'true' || plan.changes.length === 0) return presentPlan(plan);
      return presentAct(recorded(context, request, () => context.organisations.performPlan(plan, actor)));
    },
  );
};

const tableOf = (
  type: string | undefined,
  body: unknown,
  settings: Parameters<typeof readCsv>[1],
): ImportTable => {
  if (typeof body !== 'string') {
    throw new HttpError('bad-request', `Send a file as ${CSV} or ${GEOJSON}, in UTF-8.`);
  }
  return type?.startsWith(GEOJSON) === true ? readGeoJson(body, settings) : readCsv(body, settings);
};
