import { agreementOf } from '../sharing/agreement.js';
import { agreementNodes } from '../sharing/linked-data/odrl.js';
import { requireSeen } from './agreements.js';
import type { Routes } from './context.js';
import { seenDatasets } from './datasets.js';
import { BY_ID } from './deeds.js';
import { iriOriginOf, LINKED_CONTENT, sendLinked } from './linked-answer.js';
import { HttpError } from './problem.js';

/** Agreements in the terms of others. */
export const agreementOdrlRoutes: Routes = (server, context) => {
  server.get(
    '/api/v1/agreements/:id/odrl',
    {
      config: { action: 'read-agreements' },
      schema: {
        summary: 'One agreement in ODRL 2.2',
        description: 'As JSON-LD or as Turtle, by `Accept`.',
        tags: ['sharing'],
        params: BY_ID,
        response: { 200: { description: 'The version in force, else the newest.', content: LINKED_CONTENT } },
      },
    },
    async (request, reply) => {
      const { id, events } = requireSeen(context, request, request.params.id);
      const agreement = agreementOf(id, events);
      if (agreement === undefined) throw new HttpError('not-found', 'There is no such agreement.');
      const datasets = new Map(seenDatasets(context, request).map((dataset) => [dataset.id, dataset]));
      const last = events.at(-1)?.at ?? 0;
      const page = { origin: iriOriginOf(request), agreement, datasets, last, now: context.now() };
      return sendLinked(request, reply, agreementNodes(page));
    },
  );
};
