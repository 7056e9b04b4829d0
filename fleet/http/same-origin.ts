import type { FastifyRequest } from 'fastify';

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Whether another site may have made a browser ask for this change: such a request carries the session's cookie, but
 * cannot lie in `Sec-Fetch-Site` and `Origin`. One with a cookie and neither header counts as such; programs, which
 * carry a bearer token or nothing, need neither.
 */
export const isFromElsewhere = (request: FastifyRequest): boolean => {
  const { authorization, origin, cookie, 'sec-fetch-site': site } = request.headers;
  if (SAFE.has(request.method) || authorization !== undefined) return false;
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  if (origin === undefined) return cookie !== undefined;
  if (!URL.canParse(origin)) return true;
  const { protocol, host } = new URL(origin);
  const own = `${protocol}//${request.host}`;
  return !URL.canParse(own) || new URL(own).host !== host;
};
