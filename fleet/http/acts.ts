import { Type, type TObject, type Static } from 'typebox';
import type { Action } from '../access/actions.js';
import {
  MERGE,
  METER_REPLACEMENT,
  REVISION,
  SPLIT,
  TRANSFER,
  UNION,
  type Deed,
} from '../registry/organisations/deeds.js';
import { concernsOnly } from '../registry/organisations/within-reach.js';
import type { Reach } from '../store/reach.js';
import type { HttpContext, Routes, Server } from './context.js';
import { ACT, actorOf, BY_ID, DRY_RUN, planOrDo, presentAct, recorded } from './deeds.js';
import { PAGING, pageOf, readPage } from './paging.js';
import { HttpError } from './problem.js';

/** Acts that change who holds what: planned with `?dryRun=true`, performed, listed, taken back. */
export const actRoutes: Routes = (server, context) => {
  const transfers = { action: 'transfer-holdings', tag: 'transfers' } as const;
  addDeed(server, context, {
    ...transfers,
    path: '/api/v1/transfers',
    summary: 'Give gateways, devices, locations, sites, or all of an organisation, to another from a date on',
    body: TRANSFER,
    deedOf: (asked) => ({ deed: 'transfer', asked }),
  });
  addDeed(server, context, {
    ...transfers,
    path: '/api/v1/unions',
    summary: 'Unite organisations into one, which takes over all that they hold (communes nouvelles)',
    body: UNION,
    deedOf: (asked) => ({ deed: 'unite', asked }),
  });
  addDeed(server, context, {
    ...transfers,
    path: '/api/v1/splits',
    summary: 'Split what an organisation holds among others',
    body: SPLIT,
    deedOf: (asked) => ({ deed: 'split', asked }),
  });
  addDeed(server, context, {
    action: 'merge-records',
    tag: 'organisations',
    path: '/api/v1/merges',
    summary: 'Make one golden record of two that are the same; the duplicate stays as a pointer',
    body: MERGE,
    deedOf: (asked) => ({ deed: 'merge', asked }),
  });
  addDeed(server, context, {
    action: 'replace-meter',
    tag: 'places',
    path: '/api/v1/meter-replacements',
    summary: 'Replace a meter: closes one installation with its last index, opens the next with its first',
    body: METER_REPLACEMENT,
    deedOf: (asked) => ({ deed: 'replace-meter', asked }),
  });
  addDeed(server, context, {
    action: 'revise-installation',
    tag: 'places',
    path: '/api/v1/revisions',
    summary:
      'Say what the ratio of an installation should have been; stored values stay, consumption follows',
    body: REVISION,
    deedOf: (asked) => ({ deed: 'revise', asked }),
  });
  addActs(server, context);
};

interface DeedRoute<Body extends TObject> {
  readonly action: Action;
  readonly tag: string;
  readonly path: string;
  readonly summary: string;
  readonly body: Body;
  readonly deedOf: (asked: Static<Body>) => Deed;
}

const addDeed = <Body extends TObject>(
  server: Server,
  context: HttpContext,
  { action, tag, path, summary, body, deedOf }: DeedRoute<Body>,
): void => {
  server.post(
    path,
    {
      config: { action },
      bodyLimit: 1024 * 1024,
      schema: { summary, tags: [tag], querystring: DRY_RUN, body, response: { 200: ACT } },
    },
    async (request) => planOrDo(context, request, request.query.dryRun, deedOf(request.body as Static<Body>)),
  );
};

const addActs: Routes = (server, context) => {
  server.get(
    '/api/v1/acts',
    {
      config: { action: 'read-acts' },
      schema: {
        summary: 'What was done to organisations and what they hold, newest first',
        tags: ['organisations'],
        querystring: Type.Object(
          {
            record: Type.Optional(Type.String({ maxLength: 64, description: 'Of this record alone.' })),
            ...PAGING,
          },
          { additionalProperties: false },
        ),
        response: { 200: pageOf(ACT) },
      },
    },
    async (request) => {
      const { record } = request.query;
      const reach = actorOf(context, request).reach ?? { organisations: new Set<string>() };
      const page = await readPage(
        context,
        request,
        ({ after, limit }) => seenActs(context, reach, record, placeOf(after), limit),
        (act) => JSON.stringify([act.at, act.id]),
      );
      return { ...page, items: page.items.map(presentAct) };
    },
  );
  server.post(
    '/api/v1/acts/:id/undo',
    {
      config: { action: 'undo-act' },
      schema: {
        summary: 'Take an act back, as long as nothing that it changed was changed again',
        tags: ['organisations'],
        params: BY_ID,
        response: { 200: ACT },
      },
    },
    async (request) => {
      const actor = actorOf(context, request);
      const act = recorded(context, request, () => context.organisations.undo(request.params.id, actor));
      return presentAct(act);
    },
  );
};

interface ActPlace {
  readonly at: number;
  readonly id: string;
}

const placeOf = (after: string | undefined): ActPlace | undefined => {
  if (after === undefined) return undefined;
  const [at, id]: unknown[] = JSON.parse(after) as unknown[];
  if (typeof at !== 'number' || typeof id !== 'string')
    throw new HttpError('bad-request', 'cursor: unknown.');
  return { at, id };
};

/** Acts all of whose changes are within reach; reads on until there are enough. */
const seenActs = (
  context: HttpContext,
  reach: Reach,
  record: string | undefined,
  from: ActPlace | undefined,
  limit: number,
) => {
  const seen = [];
  for (let after = from; seen.length < limit;) {
    const query = { limit: 200, ...(record === undefined ? {} : { recordId: record }) };
    const acts = context.registry.actsIn(reach, { ...query, ...(after === undefined ? {} : { after }) });
    seen.push(...acts.filter(({ changes }) => concernsOnly(context.registry, changes, reach)));
    const last = acts.at(-1);
    if (last === undefined) break;
    after = { at: last.at, id: last.id };
  }
  return seen.slice(0, limit);
};
