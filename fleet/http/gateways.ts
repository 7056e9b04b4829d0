import { Type } from 'typebox';
import type { Gateway } from '../store/registry-store.js';
import type { LedgerRow } from '../store/views-store.js';
import { ownScopeOf } from './caller.js';
import type { Routes } from './context.js';
import { PAGING, pageOf, readPage } from './paging.js';
import { HttpError } from './problem.js';
import { GATEWAY, GATEWAY_DETAIL, GATEWAY_STATES } from './resources/gateways.js';
import { isoTime } from './time.js';

/** A connected gateway that says nothing for this long is silent, ms. */
const SILENT_AFTER_MS = 5 * 60_000;

export const gatewayRoutes: Routes = (server, context) => {
  addListing(server, context);
  addDetail(server, context);
};

const addListing: Routes = (server, context) => {
  server.get(
    '/api/v1/gateways',
    {
      config: { action: 'read-gateways' },
      schema: {
        summary: 'Gateways with their state',
        tags: ['gateways'],
        querystring: Type.Object(
          { state: Type.Optional(Type.Enum([...GATEWAY_STATES])), ...PAGING },
          { additionalProperties: false },
        ),
        response: { 200: pageOf(GATEWAY) },
      },
    },
    async (request) => {
      const scope = ownScopeOf(context, request);
      const { state } = request.query;
      const read = (page: { after?: string; limit: number }) => context.views.gateways(scope, page);
      const page = await readPage(
        context,
        request,
        (wanted) =>
          state === undefined
            ? read(wanted)
            : readMatching(read, wanted, (gateway) => stateOf(gateway, context.now()) === state),
        ({ id }) => id,
      );
      const holes = await context.views.holes(
        scope,
        page.items.map(({ id }) => id),
      );
      return {
        ...page,
        items: page.items.map((gateway) => present(gateway, holes.get(gateway.id) ?? 0, context.now())),
      };
    },
  );
};

const addDetail: Routes = (server, context) => {
  server.get(
    '/api/v1/gateways/:id',
    {
      config: { action: 'read-gateways' },
      schema: {
        summary: 'One gateway with its ledger',
        tags: ['gateways'],
        params: Type.Object({ id: Type.String({ maxLength: 64 }) }),
        response: { 200: GATEWAY_DETAIL },
      },
    },
    async (request) => {
      const scope = ownScopeOf(context, request);
      const gateway = await context.views.gateway(scope, request.params.id);
      if (gateway === undefined) throw new HttpError('not-found', 'There is no such gateway.');
      const ledger = await context.views.ledger(scope, gateway.id);
      const health: unknown = gateway.health === null ? null : JSON.parse(gateway.health);
      return {
        ...present(gateway, holesOf(ledger), context.now()),
        createdAt: isoTime(gateway.createdAt),
        health,
        ledger: ledger.map((row) => ({
          ...row,
          missing: row.missing.map((range) => [...range]),
        })),
      };
    },
  );
};

const stateOf = (gateway: Gateway, now: number): (typeof GATEWAY_STATES)[number] => {
  if (typeof gateway.revokedAt === 'number') return 'revoked';
  if (gateway.lastSeen === null) return 'new';
  return gateway.connected && now - gateway.lastSeen <= SILENT_AFTER_MS ? 'connected' : 'silent';
};

const holesOf = (ledger: readonly LedgerRow[]): number =>
  ledger.flatMap(({ missing }) => missing).reduce((sum, [first, last]) => sum + last - first + 1, 0);

const present = (gateway: Gateway, holes: number, now: number) => {
  const state = stateOf(gateway, now);
  const lastSeen = gateway.lastSeen === null ? null : isoTime(gateway.lastSeen);
  return {
    id: gateway.id,
    organisationId: gateway.organisationId,
    name: gateway.name,
    state,
    silentSince: state === 'silent' ? lastSeen : null,
    lastSeen,
    agentVersion: gateway.agentVersion,
    clock: gateway.clockState,
    lastError: gateway.lastError,
    holes,
  };
};

/** Reads on until `limit` items match or none are left. */
const readMatching = async <Item extends { readonly id: string }>(
  read: (page: { after?: string; limit: number }) => Promise<readonly Item[]>,
  wanted: { readonly after?: string; readonly limit: number },
  matches: (item: Item) => boolean,
): Promise<Item[]> => {
  const found: Item[] = [];
  let page = wanted;
  for (;;) {
    const items = await read({ ...page, limit: 1000 });
    found.push(...items.filter(matches));
    const last = items.at(-1);
    if (items.length < 1000 || last === undefined || found.length >= wanted.limit) break;
    page = { after: last.id, limit: wanted.limit };
  }
  return found.slice(0, wanted.limit);
};
