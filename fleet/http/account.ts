import { Type } from 'typebox';
import { SESSION_NEEDS } from '../store/people-store.js';
import type { Routes } from './context.js';
import { LIMIT, presentLimit } from './limit.js';
import { OPENED_SESSION, originOf, presentSession } from './login.js';
import { changeOwn, ownOf, refusedOwn } from './own-account.js';
import { clearSessionCookie } from './session-cookie.js';
import { isoTime } from './time.js';

const NullableTime = Type.Union([Type.String({ format: 'date-time' }), Type.Null()]);

const ACCOUNT = Type.Object({
  id: Type.String(),
  login: Type.String(),
  name: Type.String(),
  organisationId: Type.String(),
  role: Type.String(),
  limit: LIMIT,
  hasPassword: Type.Boolean(),
  secondFactor: Type.Object({
    since: NullableTime,
    required: Type.Boolean({ description: 'By the organisation, for this role.' }),
    recoveryCodesLeft: Type.Integer(),
  }),
  identities: Type.Array(Type.String({ description: 'Issuers at which one is known.' })),
});

const SESSION = Type.Object({
  id: Type.String(),
  current: Type.Boolean(),
  created: Type.String({ format: 'date-time' }),
  expires: Type.String({ format: 'date-time' }),
  lastUsed: Type.String({ format: 'date-time' }),
  address: Type.String(),
  client: Type.String(),
  method: Type.String(),
  secondFactor: Type.Boolean(),
});

/** One's own account: what it is, its password, its sessions. */
export const accountRoutes: Routes = (server, context) => {
  addAccount(server, context);
  addPassword(server, context);
  addSessions(server, context);
  addEndSession(server, context);
  addEndSessions(server, context);
};

const addAccount: Routes = (server, context) => {
  server.get(
    '/api/v1/account',
    {
      config: { action: 'read-own-account' },
      schema: { summary: 'Your account', tags: ['account'], response: { 200: ACCOUNT } },
    },
    async (request) => {
      const { person } = ownOf(context, request, SESSION_NEEDS);
      const { id, login, name, organisationId, role, hasPassword, secondFactorSince } = person;
      return {
        id,
        login,
        name,
        organisationId,
        role,
        limit: presentLimit(person.limit),
        hasPassword,
        secondFactor: {
          since: secondFactorSince === null ? null : isoTime(secondFactorSince),
          required: context.people.needs.requiresSecondFactor(person),
          recoveryCodesLeft: context.people.secondFactors.recoveryCodesLeft(id),
        },
        identities: context.registry.identitiesOf(id).map(({ issuer }) => issuer),
      };
    },
  );
};

const addPassword: Routes = (server, context) => {
  server.put(
    '/api/v1/account/password',
    {
      config: { action: 'change-own-account' },
      schema: {
        summary: 'Change your password',
        description: 'Ends your other sessions; this one goes on under the token of the answer.',
        tags: ['account'],
        body: Type.Object(
          { current: Type.String({ maxLength: 1000 }), next: Type.String({ maxLength: 2000 }) },
          { additionalProperties: false },
        ),
        response: { 200: OPENED_SESSION },
      },
    },
    async (request, reply) => {
      const own = ownOf(context, request, ['new-password']);
      const { people } = context;
      people.logins.takeAttempt(own.person, originOf(request));
      const hash = await people.accounts
        .hashChangedPassword(own.person.id, request.body)
        .catch(refusedOwn(context, request, own));
      const opened = changeOwn(context, request, own, {
        after: { password: 'changed' },
        act: () => {
          people.accounts.setPassword(own.person.id, hash, own.token);
          return people.logins.renew(own.token, own.session, originOf(request));
        },
      });
      return presentSession(request, reply, opened);
    },
  );
};

const addSessions: Routes = (server, context) => {
  server.get(
    '/api/v1/account/sessions',
    {
      config: { action: 'read-own-account' },
      schema: {
        summary: 'Your sessions',
        tags: ['account'],
        response: { 200: Type.Object({ items: Type.Array(SESSION) }) },
      },
    },
    async (request) => {
      const own = ownOf(context, request);
      const sessions = context.people.sessions.list(own.person.id);
      const items = sessions.map(({ id, created, expires, lastUsed, ...session }) => ({
        id,
        current: id === own.session.id,
        created: isoTime(created),
        expires: isoTime(expires),
        lastUsed: isoTime(lastUsed),
        address: session.address,
        client: session.client,
        method: session.method,
        secondFactor: session.secondFactor,
      }));
      return { items };
    },
  );
};

const addEndSession: Routes = (server, context) => {
  server.delete(
    '/api/v1/account/sessions/:id',
    {
      config: { action: 'change-own-account' },
      schema: {
        summary: 'End one of your sessions',
        tags: ['account'],
        params: Type.Object({ id: Type.String({ maxLength: 64 }) }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const own = ownOf(context, request);
      const { id } = request.params;
      changeOwn(context, request, own, {
        before: { session: id },
        act: () => context.people.sessions.endById(own.person.id, id),
      });
      if (id === own.session.id) clearSessionCookie(request, reply);
      return reply.status(204).send(null);
    },
  );
};

const addEndSessions: Routes = (server, context) => {
  server.delete(
    '/api/v1/account/sessions',
    {
      config: { action: 'change-own-account' },
      schema: {
        summary: 'End all of your sessions but this one',
        tags: ['account'],
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const own = ownOf(context, request);
      changeOwn(context, request, own, {
        before: { sessions: 'all others' },
        act: () => context.people.sessions.endAll(own.person.id, own.token),
      });
      return reply.status(204).send(null);
    },
  );
};
