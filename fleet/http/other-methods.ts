import type { RouteOptions } from 'fastify';
import type { Server } from './context.js';
import { sendProblem } from './problem.js';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
type Method = (typeof METHODS)[number];

/**
 * Notes the routes added from now on; the function it gives answers every other method on their paths with 405 and
 * those allowed (RFC 9110, section 15.5.6).
 */
export const refuseOtherMethods = (server: Server): (() => void) => {
  const known = new Map<string, Set<string>>();
  let noting = true;
  server.addHook('onRoute', ({ url, method }: RouteOptions) => {
    if (!noting) return;
    const methods = known.get(url) ?? new Set();
    for (const one of Array.isArray(method) ? method : [method]) methods.add(one);
    known.set(url, methods);
  });
  return () => {
    noting = false;
    for (const [url, methods] of known) {
      const allowed = [...methods].join(', ');
      server.route({
        method: METHODS.filter((method: Method) => !methods.has(method)),
        url,
        config: { action: 'learn-methods' },
        schema: { hide: true },
        handler: (_request, reply) => {
          void reply.header('allow', allowed);
          sendProblem(reply, { status: 405, detail: `This address takes ${allowed}.` });
        },
      });
    }
  };
};
