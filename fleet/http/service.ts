import { Type } from 'typebox';
import { FLEET } from '../access/decide.js';
import { authorise } from './authorise.js';
import type { Routes } from './context.js';

/** Health for load balancers, metrics for Prometheus. */
export const serviceRoutes: Routes = (server, context) => {
  server.get(
    '/api/v1/health',
    {
      config: { action: 'read-health' },
      schema: {
        summary: 'Whether the service works',
        tags: ['service'],
        security: [],
        response: {
          200: Type.Object({
            status: Type.Enum(['ok', 'degraded']),
            version: Type.String(),
            log: Type.Union([Type.Object({ head: Type.Integer(), lag: Type.Integer() }), Type.Null()], {
              description: 'How much was stored, for who may read the metrics: it tells of everybody.',
            }),
          }),
        },
      },
    },
    async (request) => {
      const { status, version, log } = context.health();
      const { subject } = request;
      const shown = subject.type === 'local' || context.decide(subject, 'read-metrics', FLEET).permit;
      return { status, version, log: shown ? { ...log } : null };
    },
  );

  server.get(
    '/metrics',
    {
      config: { action: 'read-metrics' },
      schema: {
        summary: 'Prometheus metrics',
        description: 'For administrators, and for callers on the loopback address.',
        tags: ['service'],
        response: {
          200: {
            description: 'Text exposition format.',
            content: { 'text/plain': { schema: Type.String() } },
          },
        },
      },
    },
    async (request, reply) => {
      if (request.subject.type !== 'local') authorise(context, request, FLEET);
      const text = await context.metrics.metrics();
      return reply.type(context.metrics.contentType).send(text);
    },
  );
};
