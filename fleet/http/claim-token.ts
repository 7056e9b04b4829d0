import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { formatClaimLink } from '#wire/enrolment.js';
import { qrAsSvg } from '../registry/qr-code.js';
import { TOKEN_HOURS, type IssuedToken, type TokenOrder } from '../registry/tokens.js';
import { attemptOf } from './authorise.js';
import { originOf } from './caller.js';
import type { HttpContext } from './context.js';
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

/** Issues a token and records that it was. */
export const issueRecorded = (
  { audit, enrolment }: HttpContext,
  request: FastifyRequest,
  order: TokenOrder,
): IssuedToken => {
  const { organisationId, serial, approval, replaces } = order;
  return audit.change(
    () => enrolment.issueToken(order),
    ({ id, expires }) => ({
      ...attemptOf(request),
      resource: { type: 'enrolment-token', id, organisationId },
      after: { expires: isoTime(expires), serial, approval, replaces },
      outcome: 'done',
    }),
  );
};
