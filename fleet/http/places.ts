import { Type } from 'typebox';
import { inOrganisation } from '../access/decide.js';
import {
  GATEWAY_PLACE,
  LOCATION_PATCH,
  NEW_LOCATION,
  NEW_SITE,
  SITE_PATCH,
} from '../registry/organisations/deeds.js';
import type { SiteRecord } from '../store/organisations-store.js';
import { SHARED_QUERY, scopeOf } from './caller.js';
import type { Routes } from './context.js';
import { BY_ID, doDeed, etagOf, IF_MATCH, readableRows, requireMatch, unmerged } from './deeds.js';
import { PAGING_QUERY, pageOf, readPage } from './paging.js';
import { HttpError } from './problem.js';
import { recordRoutes } from './record-routes.js';
import { LOCATION, SITE } from './resources/inventory.js';

/** Sites, the locations at them, and the gateways that stand there. */
export const placeRoutes: Routes = (server, context) => {
  addSites(server, context);
  addLocations(server, context);
  addGatewayPlace(server, context);
};

const presentSite = (site: SiteRecord) => unmerged(site);

const addSites: Routes = (server, context) => {
  server.get(
    '/api/v1/sites',
    {
      config: { action: 'read-inventory' },
      schema: {
        summary: 'Sites, with address and geometry',
        tags: ['places'],
        querystring: PAGING_QUERY,
        response: { 200: pageOf(SITE) },
      },
    },
    async (request) => {
      const sites = readableRows(context, request).records('site', { mergedInto: null });
      const page = await readPage(
        context,
        request,
        ({ after, limit }) => sites.filter(({ id }) => after === undefined || id > after).slice(0, limit),
        ({ id }) => id,
      );
      return { ...page, items: page.items.map(presentSite) };
    },
  );
  recordRoutes(server, context, {
    record: 'site',
    path: '/api/v1/sites',
    tag: 'places',
    read: 'read-inventory',
    add: 'change-places',
    change: 'change-places',
    detail: SITE,
    newRecord: NEW_SITE,
    patch: SITE_PATCH,
    belongsTo: ({ organisationId }) => inOrganisation(organisationId),
    adding: (asked) => ({ deed: 'add-site', asked }),
    changing: (id, asked) => ({ deed: 'change-site', id, asked }),
    removing: (id) => ({ deed: 'remove-site', id }),
    present: presentSite,
  });
};

const addLocations: Routes = (server, context) => {
  server.get(
    '/api/v1/locations',
    {
      config: { action: 'read-inventory' },
      schema: {
        summary: 'Locations: the places that are measured',
        tags: ['places'],
        querystring: SHARED_QUERY,
        response: { 200: pageOf(LOCATION) },
      },
    },
    async (request) =>
      readPage(
        context,
        request,
        async (page) => (await context.views.locations(scopeOf(context, request), page)).map(unmerged),
        ({ id }) => id,
      ),
  );
  recordRoutes(server, context, {
    record: 'location',
    path: '/api/v1/locations',
    tag: 'places',
    read: 'read-inventory',
    add: 'change-places',
    change: 'change-places',
    detail: LOCATION,
    newRecord: NEW_LOCATION,
    patch: LOCATION_PATCH,
    belongsTo: ({ organisationId, siteId }) => inOrganisation(organisationId, siteId),
    adding: (asked) => ({ deed: 'add-location', asked }),
    changing: (id, asked) => ({ deed: 'change-location', id, asked }),
    removing: (id) => ({ deed: 'remove-location', id }),
    present: ({ siteId, ...row }, rows) => ({
      ...unmerged(row),
      siteId: siteId !== null && rows.record('site', siteId) !== undefined ? siteId : null,
    }),
  });
};

const addGatewayPlace: Routes = (server, context) => {
  server.patch(
    '/api/v1/gateways/:id/place',
    {
      config: { action: 'change-places' },
      schema: {
        summary: 'Say at which site a gateway stands',
        tags: ['places'],
        params: BY_ID,
        headers: IF_MATCH,
        body: GATEWAY_PLACE,
        response: {
          200: Type.Object({ gatewayId: Type.String(), siteId: Type.Union([Type.String(), Type.Null()]) }),
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const known = readableRows(context, request).record('gateway', id);
      if (known === undefined) throw new HttpError('not-found', 'There is no such gateway.');
      requireMatch(request, known);
      const { siteId } = request.body;
      doDeed(context, request, { deed: 'place-gateway', id, siteId });
      void reply.header('etag', etagOf({ ...known, siteId }));
      return { gatewayId: id, siteId };
    },
  );
};
