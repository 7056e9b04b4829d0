import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { AccessError } from '../access/errors.js';
import type { HttpContext, Routes } from './context.js';
import { OPENED_SESSION, originOf, presentSession } from './login.js';
import { changeOwn, ownOf, refusedOwn, type Own } from './own-account.js';

const WITH_PASSWORD = Type.Object(
  {
    password: Type.Optional(
      Type.String({ maxLength: 1000, description: 'Yours; needless for who has none.' }),
    ),
  },
  { additionalProperties: false },
);

const CODES = Type.Array(Type.String(), { description: 'Shown only now; each works once.' });

/** One's own second factor. */
export const secondFactorRoutes: Routes = (server, context) => {
  addBegin(server, context);
  addConfirm(server, context);
  addRemove(server, context);
  addRecoveryCodes(server, context);
};

/** Asks for the password again, since a session may be somebody else's by now. */
const requireAgain = async (
  context: HttpContext,
  request: FastifyRequest,
  own: Own,
  password: string | undefined,
): Promise<void> => {
  if (!own.person.hasPassword) return;
  const { logins, accounts } = context.people;
  logins.takeAttempt(own.person, originOf(request));
  await accounts.requirePassword(own.person.id, password ?? '').catch(refusedOwn(context, request, own));
};

const addBegin: Routes = (server, context) => {
  server.post(
    '/api/v1/account/second-factor',
    {
      config: { action: 'change-own-account' },
      schema: {
        summary: 'Begin with a second factor (RFC 6238)',
        description: 'It counts once a code of it was given to `confirm`.',
        tags: ['account'],
        body: WITH_PASSWORD,
        response: {
          200: Type.Object({
            secret: Type.String({ description: 'Base32.' }),
            uri: Type.String({ description: 'What authenticator apps read from a QR code.' }),
          }),
        },
      },
    },
    async (request) => {
      const own = ownOf(context, request, ['second-factor-enrolment']);
      // who has just given the password is not asked again
      if (own.session.needs === null) await requireAgain(context, request, own, request.body.password);
      return changeOwn(context, request, own, {
        after: { secondFactor: 'begun' },
        act: () => context.people.secondFactors.begin(own.person),
      });
    },
  );
};

const addConfirm: Routes = (server, context) => {
  server.post(
    '/api/v1/account/second-factor/confirm',
    {
      config: { action: 'change-own-account' },
      schema: {
        summary: 'Put the new second factor in force by a code of it',
        tags: ['account'],
        body: Type.Object({ code: Type.String({ maxLength: 100 }) }, { additionalProperties: false }),
        response: { 200: Type.Object({ recoveryCodes: CODES, session: OPENED_SESSION }) },
      },
    },
    async (request, reply) => {
      const own = ownOf(context, request, ['second-factor-enrolment']);
      const { secondFactors, logins } = context.people;
      const confirmed = await Promise.resolve()
        .then(() => {
          logins.takeAttempt(own.person, originOf(request));
          return changeOwn(context, request, own, {
            after: { secondFactor: 'in force' },
            act: () => ({
              recoveryCodes: [...secondFactors.confirm(own.person.id, request.body.code)],
              opened: logins.renew(own.token, { secondFactor: true }, originOf(request)),
            }),
          });
        })
        .catch(refusedOwn(context, request, own));
      context.people.sessions.endAll(own.person.id, confirmed.opened.token);
      return {
        recoveryCodes: confirmed.recoveryCodes,
        session: presentSession(request, reply, confirmed.opened),
      };
    },
  );
};

const addRemove: Routes = (server, context) => {
  server.post(
    '/api/v1/account/second-factor/remove',
    {
      config: { action: 'change-own-account' },
      schema: {
        summary: 'Do without a second factor',
        tags: ['account'],
        body: WITH_PASSWORD,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const own = ownOf(context, request);
      await requireAgain(context, request, own, request.body.password);
      if (context.people.needs.requiresSecondFactor(own.person)) {
        refusedOwn(
          context,
          request,
          own,
        )(new AccessError('conflict', 'Your organisation asks for a second factor in your role.'));
      }
      changeOwn(context, request, own, {
        before: { secondFactor: 'in force' },
        act: () => {
          context.people.secondFactors.remove(own.person.id);
          context.people.sessions.endAll(own.person.id, own.token);
        },
      });
      return reply.status(204).send(null);
    },
  );
};

const addRecoveryCodes: Routes = (server, context) => {
  server.post(
    '/api/v1/account/recovery-codes',
    {
      config: { action: 'change-own-account' },
      schema: {
        summary: 'New recovery codes in the place of the old ones',
        tags: ['account'],
        body: WITH_PASSWORD,
        response: { 200: Type.Object({ recoveryCodes: CODES }) },
      },
    },
    async (request) => {
      const own = ownOf(context, request);
      await requireAgain(context, request, own, request.body.password);
      if (own.person.secondFactorSince === null) {
        throw new AccessError('conflict', 'Recovery codes come with a second factor: set one up first.');
      }
      const recoveryCodes = changeOwn(context, request, own, {
        after: { recoveryCodes: 'renewed' },
        act: () => [...context.people.secondFactors.renewRecoveryCodes(own.person.id)],
      });
      return { recoveryCodes };
    },
  );
};
