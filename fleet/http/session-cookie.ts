import type { FastifyReply, FastifyRequest } from 'fastify';
import { DEVICE_MS } from '../access/known-devices.js';
import type { LoggedIn } from '../access/logins.js';

/** Cookies of browsers. Over HTTPS their names bind them to this host alone (RFC 6265bis, section 4.1.3). */
const HOST_PREFIX = '__Host-';
const SESSION = 'terroir_session';
const DEVICE = 'terroir_device';

/** Whether the browser speaks HTTPS: to us, or to a trusted proxy that says so. */
const isSecure = (request: FastifyRequest): boolean => request.protocol === 'https';

const nameOf = (request: FastifyRequest, name: string): string =>
  isSecure(request) ? `${HOST_PREFIX}${name}` : name;

/** The session token that a browser sent. */
export const sessionCookieOf = (request: FastifyRequest): string | undefined =>
  request.cookies[nameOf(request, SESSION)];

export const deviceCookieOf = (request: FastifyRequest): string | undefined =>
  request.cookies[nameOf(request, DEVICE)];

export const setSessionCookies = (
  request: FastifyRequest,
  reply: FastifyReply,
  { token, expires, device }: Pick<LoggedIn, 'token' | 'expires' | 'device'>,
): void => {
  const common = { path: '/', httpOnly: true, sameSite: 'strict', secure: isSecure(request) } as const;
  void reply.setCookie(nameOf(request, SESSION), token, { ...common, expires: new Date(expires) });
  if (device !== undefined) {
    void reply.setCookie(nameOf(request, DEVICE), device, { ...common, maxAge: DEVICE_MS / 1000 });
  }
};

export const clearSessionCookie = (request: FastifyRequest, reply: FastifyReply): void => {
  void reply.clearCookie(nameOf(request, SESSION), { path: '/', secure: isSecure(request) });
};
