import { Type } from 'typebox';
import { inOrganisation } from '../access/decide.js';
import { AccessError } from '../access/errors.js';
import { INVITATION_HOURS, MAX_HOURS } from '../access/invitations.js';
import { SINGLE_USE_STATES, singleUseState } from '../access/single-use.js';
import { personSubject, subjectId } from '../access/subject.js';
import { ROLES, type Invitation, type Limit } from '../store/people-store.js';
import { attemptOf, authorise } from './authorise.js';
import { reachOf } from './caller.js';
import type { HttpContext, Routes } from './context.js';
import { ASKED_LIMIT, LIMIT, limitAsked, presentLimit } from './limit.js';
import { OPENED_SESSION, originOf, presentSession } from './login.js';
import { PAGING_QUERY, pageOf, readPage } from './paging.js';
import { LINK, presentLink } from './people.js';
import { isoTime } from './time.js';

const INVITATION = Type.Object({
  id: Type.String(),
  organisationId: Type.String(),
  role: Type.String(),
  limit: LIMIT,
  login: Type.Union([Type.String(), Type.Null()]),
  name: Type.Union([Type.String(), Type.Null()]),
  created: Type.String({ format: 'date-time' }),
  expires: Type.String({ format: 'date-time' }),
  state: Type.Enum([...SINGLE_USE_STATES]),
});

/** Invitations: made and revoked by who may, accepted by who has the link. */
export const invitationRoutes: Routes = (server, context) => {
  addInvitations(server, context);
  addInvite(server, context);
  addRevoke(server, context);
  addLook(server, context);
  addAccept(server, context);
};

const addInvitations: Routes = (server, context) => {
  server.get(
    '/api/v1/invitations',
    {
      config: { action: 'read-people' },
      schema: {
        summary: 'Invitations to your organisations, newest first',
        tags: ['people'],
        querystring: PAGING_QUERY,
        response: { 200: pageOf(INVITATION) },
      },
    },
    async (request) => {
      const reach = reachOf(context, request);
      return readPage(
        context,
        request,
        (page) =>
          context.people.invitations.listIn(reach, page).map((found) => present(found, context.now())),
        ({ id }) => id,
      );
    },
  );
};

const present = ({ createdAt, expires, usedAt, revokedAt, ...invitation }: Invitation, now: number) => ({
  id: invitation.id,
  organisationId: invitation.organisationId,
  role: invitation.role,
  limit: presentLimit(invitation.limit),
  login: invitation.login,
  name: invitation.name,
  created: isoTime(createdAt),
  expires: isoTime(expires),
  state: singleUseState({ expires, usedAt, revokedAt }, now),
});

const addInvite: Routes = (server, context) => {
  server.post(
    '/api/v1/invitations',
    {
      config: { action: 'manage-people' },
      schema: {
        summary: 'Invite somebody by a link: works once, shown once',
        tags: ['people'],
        body: Type.Object(
          {
            organisationId: Type.String({ maxLength: 64 }),
            role: Type.Enum([...ROLES]),
            limit: Type.Optional(ASKED_LIMIT),
            login: Type.Optional(Type.String({ maxLength: 100, description: 'How the login is to begin.' })),
            name: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
            hours: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_HOURS, default: INVITATION_HOURS })),
          },
          { additionalProperties: false },
        ),
        response: { 201: LINK },
      },
    },
    async (request, reply) => {
      const { limit: asked, ...body } = request.body;
      const { organisationId, role } = body;
      authorise(context, request, inOrganisation(organisationId));
      const order = { ...body, ...limitAsked(asked), createdBy: subjectId(request.subject) };
      const issued = context.audit.change(
        () => context.people.invitations.invite(order),
        ({ id, expires }) => ({
          ...attemptOf(request),
          resource: { type: 'invitation', id, organisationId },
          after: {
            role,
            limit: presentLimit(order.limit),
            login: order.login ?? null,
            expires: isoTime(expires),
          },
          outcome: 'done',
        }),
      );
      return reply.status(201).send(presentLink(request, issued));
    },
  );
};

const addRevoke: Routes = (server, context) => {
  server.delete(
    '/api/v1/invitations/:id',
    {
      config: { action: 'manage-people' },
      schema: {
        summary: 'Revoke an invitation that nobody accepted yet',
        tags: ['people'],
        params: Type.Object({ id: Type.String({ maxLength: 64 }) }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const invitation = context.people.invitations.findIn(reachOf(context, request), id);
      authorise(context, request, inOrganisation(invitation?.organisationId ?? ''));
      context.audit.change(
        () => {
          if (!context.people.invitations.revoke(id)) {
            throw new AccessError('conflict', 'This invitation was used or revoked already.');
          }
        },
        () => ({
          ...attemptOf(request),
          resource: { type: 'invitation', id, organisationId: invitation?.organisationId ?? null },
          before: { state: 'open' },
          after: { state: 'revoked' },
          outcome: 'done',
        }),
      );
      return reply.status(204).send(null);
    },
  );
};

/** Whoever was invited reads nothing yet: the name of the site comes with it. */
const VIEWED_LIMIT = Type.Union([
  Type.Object({
    site: Type.Union([Type.String(), Type.Null()]),
    from: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]),
    to: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]),
  }),
  Type.Null(),
]);

const viewedLimit = ({ registry }: HttpContext, limit: Limit | undefined) => {
  const presented = presentLimit(limit);
  if (presented === null) return null;
  const { siteId, from, to } = presented;
  return { site: siteId === null ? null : (registry.record('site', siteId)?.name ?? null), from, to };
};

const TOKEN = Type.String({ maxLength: 200 });

const addLook: Routes = (server, context) => {
  server.post(
    '/api/v1/invitations/look',
    {
      config: { action: 'accept-invitation' },
      schema: {
        summary: 'What a link is for',
        tags: ['people'],
        security: [],
        body: Type.Object({ token: TOKEN }, { additionalProperties: false }),
        response: {
          200: Type.Object({
            organisationName: Type.String(),
            role: Type.String(),
            limit: VIEWED_LIMIT,
            login: Type.Union([Type.String(), Type.Null()]),
            name: Type.Union([Type.String(), Type.Null()]),
            expires: Type.String({ format: 'date-time' }),
            reset: Type.Boolean({ description: 'For a new password of somebody who is there already.' }),
          }),
        },
      },
    },
    async (request) => {
      const view = context.people.invitations.look(request.body.token);
      return { ...view, limit: viewedLimit(context, view.limit), expires: isoTime(view.expires) };
    },
  );
};

interface Acceptance {
  readonly token: string;
  readonly login?: string;
  readonly name?: string;
  readonly password: string;
}

const addAccept: Routes = (server, context) => {
  server.post(
    '/api/v1/invitations/accept',
    {
      config: { action: 'accept-invitation' },
      schema: {
        summary: 'Accept an invitation, or choose a new password, with the token of the link',
        description:
          'Opens a session. `login` of the answer is the one given and four random characters: log in with that. ' +
          'To sign on elsewhere instead: `/api/v1/sign-on/{id}/start`.',
        tags: ['people'],
        security: [],
        body: Type.Object(
          {
            token: TOKEN,
            login: Type.Optional(Type.String({ maxLength: 100, description: 'How the login is to begin.' })),
            name: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
            password: Type.String({ maxLength: 2000 }),
          },
          { additionalProperties: false },
        ),
        response: { 200: OPENED_SESSION },
      },
    },
    async (request, reply) => {
      const { people } = context;
      const accept = await prepareAcceptance(context, request.body);
      const { person, opened } = context.audit.change(
        () => {
          const accepted = people.accounts.person(accept());
          const proof = { secondFactor: false };
          const origin = originOf(request);
          return { person: accepted, opened: people.logins.comeIn(accepted, 'invitation', proof, origin) };
        },
        (done) => ({
          ...attemptOf(request),
          subject: personSubject(done.person),
          resource: { type: 'person', id: done.person.id, organisationId: done.person.organisationId },
          after: {
            login: done.person.login,
            role: done.person.role,
            limit: presentLimit(done.person.limit),
          },
          outcome: 'done',
        }),
      );
      return presentSession(request, reply, { ...opened, person });
    },
  );
};

/** Judges and hashes the password; what it gives uses the link, and gives the person's id. */
const prepareAcceptance = async (
  { people }: HttpContext,
  { token, login, name, password }: Acceptance,
): Promise<() => string> => {
  const { invitations, accounts } = people;
  const personId = invitations.personOf(token);
  if (personId !== undefined) {
    const hash = await accounts.hashNewPassword(password, accounts.person(personId));
    return () => {
      invitations.reset(token, hash);
      return personId;
    };
  }
  const view = invitations.look(token);
  const chosen = { login: login ?? view.login ?? '', name: name ?? view.name ?? login ?? '' };
  const organisationId = invitations.organisationOf(token);
  const passwordHash = await accounts.hashNewPassword(password, { ...chosen, organisationId });
  return () => invitations.accept(token, { ...chosen, passwordHash });
};
