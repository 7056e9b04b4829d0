import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { formatClaimLink } from '#wire/enrolment.js';
import { qrAsSvg } from '../registry/qr-code.js';
import { TOKEN_HOURS, type IssuedToken, type TokenOrder } from '../registry/tokens.js';
import { attemptOf } from './authorise.js';
import { originOf } from './caller.js';
import type { HttpContext } from './context.js';
import { readableRows } from './deeds.js';
import { HttpError } from './problem.js';
import { isoTime } from './time.js';

/** How a token is bounded, in the body of a request for one. */
export const TOKEN_BOUNDS = {
  hours: Type.Optional(
    Type.Number({ exclusiveMinimum: 0, maximum: TOKEN_HOURS.atMost, default: TOKEN_HOURS.byDefault }),
  ),
  serial: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 100,
      description: 'Only the box of this serial number may use it.',
    }),
  ),
  approval: Type.Optional(Type.Boolean({ description: 'The claim waits until an operator approves it.' })),
  siteId: Type.Optional(
    Type.String({
      maxLength: 64,
      description: 'Where the gateway will stand; who is limited to a site issues tokens for that alone.',
    }),
  ),
  qr: Type.Optional(Type.Boolean({ description: 'Answer a QR code of the link too.' })),
};

export const CLAIM_TOKEN = Type.Object({
  id: Type.String(),
  token: Type.String({ description: 'Shown once.' }),
  link: Type.String({ description: 'The token with this fleet’s address.' }),
  expires: Type.String({ format: 'date-time' }),
  qr: Type.Optional(Type.String({ description: 'SVG.' })),
});

/** A new token as its asker gets it; the link names the fleet as the asker reached it. */
export const presentToken = (
  request: FastifyRequest,
  { id, token, expires }: IssuedToken,
  qr: boolean | undefined,
) => {
  const link = formatClaimLink(originOf(request), token);
  return { id, token, link, expires: isoTime(expires), ...(qr === true ? { qr: qrAsSvg(link) } : {}) };
};

/**
 * Issues a token and records that it was: one for a site that the caller sees, and for no longer than their role holds.
 * Throws `HttpError` `not-found` on another site.
 */
export const issueRecorded = (
  context: HttpContext,
  request: FastifyRequest,
  order: Omit<TokenOrder, 'until'>,
): IssuedToken => {
  const { organisationId, serial, approval, replaces, siteId } = order;
  const site = siteId === undefined ? undefined : readableRows(context, request).record('site', siteId);
  if (siteId !== undefined && site?.mergedInto !== null) {
    throw new HttpError('not-found', 'siteId: there is no such site.');
  }
  const { subject } = request;
  const until = subject.type === 'person' ? subject.limit?.to : undefined;
  return context.audit.change(
    () => context.enrolment.issueToken({ ...order, until }),
    ({ id, expires }) => ({
      ...attemptOf(request),
      resource: { type: 'enrolment-token', id, organisationId },
      after: { expires: isoTime(expires), serial, approval, replaces, siteId },
      outcome: 'done',
    }),
  );
};
