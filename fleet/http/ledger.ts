import { Type } from 'typebox';
import type { LedgerDetail, LedgerEpoch } from '../store/views-store.js';
import { ownScopeOf } from './caller.js';
import type { Routes } from './context.js';
import { HttpError } from './problem.js';
import { GATEWAY_LEDGER } from './resources/ledger.js';
import { isoTime } from './time.js';

export const ledgerRoutes: Routes = (server, context) => {
  server.get(
    '/api/v1/gateways/:id/ledger',
    {
      config: { action: 'read-gateways' },
      schema: {
        summary: 'What a gateway sealed, and what became of it, to the last row and by day',
        tags: ['gateways'],
        params: Type.Object({ id: Type.String({ maxLength: 64 }) }),
        response: { 200: GATEWAY_LEDGER },
      },
    },
    async (request) => {
      const scope = ownScopeOf(context, request);
      const { id } = request.params;
      if ((await context.views.gateway(scope, id)) === undefined) {
        throw new HttpError('not-found', 'There is no such gateway.');
      }
      return present(id, await context.views.ledgerDetail(scope, id));
    },
  );
};

const present = (gatewayId: string, { epochs, days, unreadable }: LedgerDetail) => ({
  gatewayId,
  addsUp: unreadable === 0 && epochs.every(({ addsUp }) => addsUp),
  unreadable,
  epochs: epochs.map(presentEpoch),
  days: [...days],
});

const timeOrNull = (time: number | null): string | null => (time === null ? null : isoTime(time));

const presentEpoch = ({ gaps, losses, ...epoch }: LedgerEpoch) => ({
  ...epoch,
  losses: [...losses],
  missing: gaps.map(({ first, last, after, before }) => ({
    first,
    last,
    after: timeOrNull(after),
    before: timeOrNull(before),
  })),
});
