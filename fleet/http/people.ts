import type { FastifyRequest } from 'fastify';
import { isDeepStrictEqual } from 'node:util';
import { Type, type Static } from 'typebox';
import { RESET_HOURS, MAX_HOURS, invitationLink } from '../access/invitations.js';
import { inOrganisation } from '../access/decide.js';
import { AccessError } from '../access/errors.js';
import { subjectId } from '../access/subject.js';
import { ROLES, type PersonState } from '../store/people-store.js';
import { attemptOf, authorise } from './authorise.js';
import { reachOf } from './caller.js';
import type { HttpContext, Routes } from './context.js';
import { ASKED_LIMIT, LIMIT, limitAsked, presentLimit } from './limit.js';
import { PAGING_QUERY, pageOf, readPage } from './paging.js';
import { isoTime } from './time.js';

const NullableTime = Type.Union([Type.String({ format: 'date-time' }), Type.Null()]);

const PERSON = Type.Object({
  id: Type.String(),
  login: Type.String(),
  name: Type.String(),
  organisationId: Type.String(),
  role: Type.String(),
  limit: LIMIT,
  disabledSince: NullableTime,
  hasPassword: Type.Boolean(),
  secondFactorSince: NullableTime,
});

const CHANGE = Type.Object(
  {
    role: Type.Optional(Type.Enum([...ROLES])),
    limit: Type.Optional(Type.Union([ASKED_LIMIT, Type.Null()])),
    organisationId: Type.Optional(Type.String({ maxLength: 64 })),
    disabled: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false, minProperties: 1 },
);

const PARAMS = Type.Object({ id: Type.String({ maxLength: 64 }) });

/** People of one's organisations, for those who answer for them. */
export const peopleRoutes: Routes = (server, context) => {
  addPeople(server, context);
  addChange(server, context);
  addReset(server, context);
  addSecondFactorReset(server, context);
};

const present = (person: PersonState) => {
  const { id, login, name, organisationId, role, disabledAt, hasPassword, secondFactorSince } = person;
  return {
    id,
    login,
    name,
    organisationId,
    role,
    limit: presentLimit(person.limit),
    hasPassword,
    disabledSince: disabledAt === null ? null : isoTime(disabledAt),
    secondFactorSince: secondFactorSince === null ? null : isoTime(secondFactorSince),
  };
};

/** A person within reach; one beyond it is like one who does not exist. */
const personInReach = (context: HttpContext, request: FastifyRequest, id: string): PersonState => {
  const person = context.registry.personIn(reachOf(context, request), id);
  authorise(context, request, inOrganisation(person?.organisationId ?? ''));
  if (person === undefined) throw new AccessError('not-found', 'There is no such person.');
  return person;
};

const addPeople: Routes = (server, context) => {
  server.get(
    '/api/v1/people',
    {
      config: { action: 'read-people' },
      schema: {
        summary: 'People of your organisations',
        tags: ['people'],
        querystring: PAGING_QUERY,
        response: { 200: pageOf(PERSON) },
      },
    },
    async (request) => {
      const reach = reachOf(context, request);
      return readPage(
        context,
        request,
        (page) => context.registry.peopleIn(reach, page).map(present),
        ({ id }) => id,
      );
    },
  );
};

const addChange: Routes = (server, context) => {
  server.patch(
    '/api/v1/people/:id',
    {
      config: { action: 'manage-people' },
      schema: {
        summary: 'Give a person another role, organisation or limit, disable them, or let them in again',
        description:
          'Ends their sessions and the keys of their own, at once. A limit goes with another role or organisation.',
        tags: ['people'],
        params: PARAMS,
        body: CHANGE,
        response: { 200: PERSON },
      },
    },
    async (request) => {
      const before = personInReach(context, request, request.params.id);
      const { disabled } = request.body;
      const place = placeAsked(before, request.body);
      const { organisationId } = place;
      authorise(context, request, inOrganisation(organisationId));
      const { accounts } = context.people;
      const after = context.audit.change(
        () => {
          if (!isDeepStrictEqual(placeOf(before), place)) accounts.place(before.id, place);
          if (disabled === true) accounts.disable(before.id);
          if (disabled === false) accounts.enable(before.id);
          return accounts.person(before.id);
        },
        (changed) => ({
          ...attemptOf(request),
          resource: { type: 'person', id: before.id, organisationId: before.organisationId },
          before: present(before),
          after: present(changed),
          outcome: 'done',
        }),
      );
      return present(after);
    },
  );
};

type Place = Pick<PersonState, 'organisationId' | 'role' | 'limit'>;

const placeOf = ({ organisationId, role, limit }: Place): Place => ({
  organisationId,
  role,
  ...(limit === undefined ? {} : { limit }),
});

/** What a person is to be: a limit stays with its role and organisation, unless another is asked for. */
const placeAsked = (
  before: PersonState,
  { role = before.role, organisationId = before.organisationId, limit }: Static<typeof CHANGE>,
): Place => {
  const same = role === before.role && organisationId === before.organisationId;
  if (limit === undefined && same) return placeOf(before);
  return { role, organisationId, ...limitAsked(limit) };
};

const addReset: Routes = (server, context) => {
  server.post(
    '/api/v1/people/:id/password-link',
    {
      config: { action: 'manage-people' },
      schema: {
        summary: 'A link by which a person chooses a new password: works once, shown once',
        tags: ['people'],
        params: PARAMS,
        body: Type.Object(
          {
            hours: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_HOURS, default: RESET_HOURS })),
          },
          { additionalProperties: false },
        ),
        response: { 201: LINK },
      },
    },
    async (request, reply) => {
      const person = personInReach(context, request, request.params.id);
      const order = { ...request.body, createdBy: subjectId(request.subject) };
      const issued = context.audit.change(
        () => context.people.invitations.inviteToReset(person, order),
        ({ expires }) => ({
          ...attemptOf(request),
          resource: { type: 'person', id: person.id, organisationId: person.organisationId },
          after: { passwordLink: isoTime(expires) },
          outcome: 'done',
        }),
      );
      return reply.status(201).send(presentLink(request, issued));
    },
  );
};

const addSecondFactorReset: Routes = (server, context) => {
  server.delete(
    '/api/v1/people/:id/second-factor',
    {
      config: { action: 'manage-people' },
      schema: {
        summary: 'Remove a person’s second factor, so that they can set up another',
        tags: ['people'],
        params: PARAMS,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const person = personInReach(context, request, request.params.id);
      context.audit.change(
        () => {
          context.people.accounts.removeSecondFactor(person.id);
          context.people.sessions.endAll(person.id);
        },
        () => ({
          ...attemptOf(request),
          resource: { type: 'person', id: person.id, organisationId: person.organisationId },
          before: { secondFactor: person.secondFactorSince !== null },
          after: { secondFactor: false },
          outcome: 'done',
        }),
      );
      return reply.status(204).send(null);
    },
  );
};

/** A link that works once. */
export const LINK = Type.Object({
  id: Type.String(),
  token: Type.String(),
  link: Type.String({ description: 'To be given to the person; what follows # reaches no log.' }),
  expires: Type.String({ format: 'date-time' }),
});

export const presentLink = (
  request: FastifyRequest,
  { id, token, expires }: { readonly id: string; readonly token: string; readonly expires: number },
) => ({
  id,
  token,
  link: invitationLink(`${request.protocol}://${request.host}`, token),
  expires: isoTime(expires),
});
