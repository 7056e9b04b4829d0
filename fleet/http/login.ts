import { Type } from 'typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AuditRecord } from '../access/audit/content.js';
import { AccessError } from '../access/errors.js';
import type { LoggedIn, Origin } from '../access/logins.js';
import { personSubject } from '../access/subject.js';
import { SESSION_NEEDS } from '../store/people-store.js';
import { attemptOf, recordRefusal } from './authorise.js';
import { addressOf, tokenOf } from './caller.js';
import type { HttpContext, Routes } from './context.js';
import { clearSessionCookie, deviceCookieOf, setSessionCookies } from './session-cookie.js';
import { isoTime } from './time.js';

const PERSON = {
  login: Type.String(),
  name: Type.String(),
  organisationId: Type.String(),
  role: Type.String(),
};

const NEEDS = Type.Union([Type.Enum([...SESSION_NEEDS]), Type.Null()], {
  description: 'What the session still needs before it opens anything but the account itself.',
});

export const OPENED_SESSION = Type.Object({
  token: Type.String(),
  expires: Type.String({ format: 'date-time' }),
  needs: NEEDS,
  ...PERSON,
});

/** Programs keep the token and send it as `Authorization: Bearer`; browsers get it as a cookie too. */
export const loginRoutes: Routes = (server, context) => {
  addLogin(server, context);
  addCode(server, context);
  addSession(server, context);
  addLogout(server, context);
};

export const originOf = (request: FastifyRequest): Origin => ({
  address: addressOf(request),
  client: request.headers['user-agent'] ?? '',
  device: deviceCookieOf(request),
});

/** Answers with a session that was opened or went a step on. */
export const presentSession = (request: FastifyRequest, reply: FastifyReply, opened: LoggedIn) => {
  setSessionCookies(request, reply, opened);
  const { token, expires, needs, person } = opened;
  const { login, name, organisationId, role } = person;
  return { token, expires: isoTime(expires), needs, login, name, organisationId, role };
};

/** Writes why somebody was not let in into the audit trail, and goes on with the refusal. */
export const recordRefusals = async <Result>(
  context: HttpContext,
  request: FastifyRequest,
  login: () => Result | Promise<Result>,
): Promise<Result> => {
  try {
    return await login();
  } catch (error) {
    const reason = error instanceof AccessError ? error.code : 'failed';
    const resource = { type: 'login', id: null, organisationId: null };
    recordRefusal(context, request, { resource, reason });
    throw error;
  }
};

/** What the audit trail says of somebody who came in. */
export const cameIn = (
  request: FastifyRequest,
  { person, needs }: Pick<LoggedIn, 'person' | 'needs'>,
): AuditRecord => ({
  ...attemptOf(request),
  subject: personSubject(person),
  resource: { type: 'person', id: person.id, organisationId: person.organisationId },
  after: { needs },
  outcome: 'done',
});

const addLogin: Routes = (server, context) => {
  server.post(
    '/api/v1/login',
    {
      config: { action: 'log-in' },
      schema: {
        summary: 'Open a session',
        description:
          'Where a second factor is needed and no `code` came with the password, `needs` says so: give it to ' +
          '`/api/v1/login/code` under the token of this answer.',
        tags: ['access'],
        security: [],
        body: Type.Object(
          {
            login: Type.String({ maxLength: 200 }),
            password: Type.String({ maxLength: 1000 }),
            code: Type.Optional(
              Type.String({ maxLength: 100, description: 'Of the second factor, or a recovery code.' }),
            ),
          },
          { additionalProperties: false },
        ),
        response: { 200: OPENED_SESSION },
      },
    },
    async (request, reply) => {
      const credentials = { ...request.body, ...originOf(request) };
      const opened = await recordRefusals(context, request, () => context.people.logins.login(credentials));
      context.audit.record(cameIn(request, opened));
      return presentSession(request, reply, opened);
    },
  );
};

const addCode: Routes = (server, context) => {
  server.post(
    '/api/v1/login/code',
    {
      config: { action: 'log-in' },
      schema: {
        summary: 'Give a session the second factor that it needs',
        tags: ['access'],
        security: [],
        body: Type.Object({ code: Type.String({ maxLength: 100 }) }, { additionalProperties: false }),
        response: { 200: OPENED_SESSION },
      },
    },
    async (request, reply) => {
      const { code } = request.body;
      const token = tokenOf(request) ?? '';
      const opened = await recordRefusals(context, request, () =>
        context.people.logins.giveCode(token, code, originOf(request)),
      );
      context.audit.record(cameIn(request, opened));
      return presentSession(request, reply, opened);
    },
  );
};

const addSession: Routes = (server, context) => {
  server.get(
    '/api/v1/session',
    {
      config: { action: 'read-own-session' },
      schema: {
        summary: 'Who is logged in here',
        tags: ['access'],
        security: [],
        response: {
          200: Type.Object({
            person: Type.Union([Type.Object({ ...PERSON, needs: NEEDS }), Type.Null()]),
          }),
        },
      },
    },
    async (request) => {
      const found = context.people.sessions.find(tokenOf(request) ?? '');
      if (found === undefined) return { person: null };
      const { login, name, organisationId, role } = found.person;
      return { person: { login, name, organisationId, role, needs: found.session.needs } };
    },
  );
};

const addLogout: Routes = (server, { people, audit }) => {
  server.post(
    '/api/v1/logout',
    {
      config: { action: 'log-out' },
      schema: {
        summary: 'Close the session',
        tags: ['access'],
        security: [],
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const token = tokenOf(request);
      const found = people.sessions.find(token ?? '');
      if (token !== undefined && found !== undefined) {
        const { id, organisationId } = found.person;
        audit.change(
          () => people.sessions.end(token),
          () => ({
            ...attemptOf(request),
            subject: personSubject(found.person),
            resource: { type: 'person', id, organisationId },
            outcome: 'done',
          }),
        );
      }
      clearSessionCookie(request, reply);
      return reply.status(204).send(null);
    },
  );
};
