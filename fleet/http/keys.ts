import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { isAction, ruleOf } from '../access/actions.js';
import { inOrganisation } from '../access/decide.js';
import { AccessError } from '../access/errors.js';
import { KEY_DAYS, MAX_KEY_DAYS, MAX_OVERLAP_HOURS, OVERLAP_HOURS } from '../access/keys/api-keys.js';
import { PURPOSES } from '../access/keys/purposes.js';
import { subjectId, type Subject } from '../access/subject.js';
import { ROLES, type ApiKey, type Role } from '../store/people-store.js';
import { attemptOf, authorise } from './authorise.js';
import { reachOf } from './caller.js';
import type { HttpContext, Routes, Server } from './context.js';
import { ownOf } from './own-account.js';
import { PAGING_QUERY, pageOf, readPage } from './paging.js';
import { ISSUED_KEY, KEY } from './resources/keys.js';
import { isoTime } from './time.js';

const PARAMS = Type.Object({ id: Type.String({ maxLength: 64 }) });

/** Keys of programs: an organisation's, for who manages those, and one's own. */
export const keyRoutes: Routes = (server, context) => {
  addKeys(server, context);
  addOwnKeys(server, context);
  addCreate(server, context);
  addCreateOwn(server, context);
  for (const face of FACES) {
    addRotate(server, context, face);
    addRevoke(server, context, face);
  }
};

const timeOrNull = (time: number | null): string | null => (time === null ? null : isoTime(time));

const present = (key: ApiKey, subject: Subject) => ({
  id: key.id,
  name: key.name,
  organisationId: key.organisationId,
  role: key.role,
  actions: key.actions === null ? null : [...key.actions],
  purpose: key.purpose,
  own: key.personId !== null && key.personId === subjectId(subject),
  created: isoTime(key.createdAt),
  expires: isoTime(key.expires),
  lastUsed: timeOrNull(key.lastUsedAt),
  lastUsedFrom: key.lastUsedFrom,
  revoked: timeOrNull(key.revokedAt),
  replacedBy: key.replacedBy,
});

const addKeys: Routes = (server, context) => {
  server.get(
    '/api/v1/keys',
    {
      config: { action: 'manage-keys' },
      schema: {
        summary: 'API keys of your organisations',
        tags: ['keys'],
        querystring: PAGING_QUERY,
        response: { 200: pageOf(KEY) },
      },
    },
    async (request) => {
      const reach = reachOf(context, request);
      return readPage(
        context,
        request,
        (page) => context.people.keys.listIn(reach, page).map((key) => present(key, request.subject)),
        ({ id }) => id,
      );
    },
  );
};

const addOwnKeys: Routes = (server, context) => {
  server.get(
    '/api/v1/account/keys',
    {
      config: { action: 'read-own-account' },
      schema: {
        summary: 'API keys of your own, newest first',
        tags: ['keys'],
        response: { 200: Type.Object({ items: Type.Array(KEY) }) },
      },
    },
    async (request) => {
      const { person } = ownOf(context, request);
      const own = context.people.keys.listOf(person.id);
      return { items: own.map((key) => present(key, request.subject)) };
    },
  );
};

const RIGHTS = {
  name: Type.String({ minLength: 1, maxLength: 200, description: 'Which program it is for.' }),
  role: Type.Enum([...ROLES]),
  actions: Type.Optional(
    Type.Array(Type.String({ maxLength: 64 }), { description: 'Narrower than the role.', maxItems: 100 }),
  ),
  purpose: Type.Enum([...PURPOSES], { description: 'What its data is used for.' }),
  days: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_KEY_DAYS, default: KEY_DAYS })),
};

const addCreate: Routes = (server, context) => {
  server.post(
    '/api/v1/keys',
    {
      config: { action: 'manage-keys' },
      schema: {
        summary: 'Create an API key of an organisation: shown once',
        tags: ['keys'],
        body: Type.Object(
          { ...RIGHTS, organisationId: Type.String({ maxLength: 64 }) },
          { additionalProperties: false },
        ),
        response: { 201: ISSUED_KEY },
      },
    },
    async (request, reply) => {
      authorise(context, request, inOrganisation(request.body.organisationId));
      return reply.status(201).send(create(context, request, request.body, undefined));
    },
  );
};

const addCreateOwn: Routes = (server, context) => {
  server.post(
    '/api/v1/account/keys',
    {
      config: { action: 'change-own-account' },
      schema: {
        summary: 'Create an API key of your own: shown once, within your rights, ends with them',
        tags: ['keys'],
        body: Type.Object(RIGHTS, { additionalProperties: false }),
        response: { 201: ISSUED_KEY },
      },
    },
    async (request, reply) => {
      const { person } = ownOf(context, request);
      if (person.limit !== undefined) {
        throw new AccessError('forbidden', 'Your role is limited to a site or a time; a key would not be.');
      }
      const order = { ...request.body, organisationId: person.organisationId };
      return reply.status(201).send(create(context, request, order, person.id));
    },
  );
};

interface Order {
  readonly name: string;
  readonly organisationId: string;
  readonly role: Role;
  readonly actions?: readonly string[];
  readonly purpose: (typeof PURPOSES)[number];
  readonly days?: number;
}

const gives = (action: string, by: Role | undefined): boolean => {
  const to = ruleOf(action)?.to;
  return Array.isArray(to) && by !== undefined && to.includes(by);
};

/** Throws `AccessError` `bad-request` on an action that there is not, `forbidden` on more than the caller may. */
const requireRights = ({ subject }: FastifyRequest, { role, actions = [] }: Order): void => {
  const unknown = actions.find((action) => !isAction(action));
  if (unknown !== undefined) throw new AccessError('bad-request', `There is no action ${unknown}.`);
  const mine = 'role' in subject ? subject.role : undefined;
  if (role === mine || mine === 'owner') return;
  const more = actions.length === 0 || actions.some((action) => gives(action, role) && !gives(action, mine));
  if (role !== 'viewer' && more) {
    throw new AccessError(
      'forbidden',
      'A key gives no more than your own role: take that, viewer, or name actions.',
    );
  }
};

const create = (
  context: HttpContext,
  request: FastifyRequest,
  order: Order,
  personId: string | undefined,
) => {
  requireRights(request, order);
  const by = { createdBy: subjectId(request.subject), personId };
  const issued = context.audit.change(
    () => context.people.keys.create({ ...order, ...by }),
    ({ key }) => ({
      ...attemptOf(request),
      resource: { type: 'key', id: key.id, organisationId: key.organisationId },
      after: present(key, request.subject),
      outcome: 'done',
    }),
  );
  return { key: issued.text, ...present(issued.key, request.subject) };
};

/** A key that the caller manages; one beyond reach is like one that does not exist. */
const managedKey: FindKey = (context, request, id) => {
  const key = context.people.keys.findIn(reachOf(context, request), id);
  authorise(context, request, inOrganisation(key?.organisationId ?? ''));
  return key;
};

const ownKey: FindKey = (context, request, id) => {
  const { person } = ownOf(context, request);
  const key = context.people.keys.find(id);
  return key?.personId === person.id ? key : undefined;
};

type FindKey = (context: HttpContext, request: FastifyRequest, id: string) => ApiKey | undefined;

/** The same change of a key of an organisation, and of one's own. */
const FACES = [
  { path: '/api/v1/keys', action: 'manage-keys', find: managedKey, whose: '' },
  { path: '/api/v1/account/keys', action: 'change-own-account', find: ownKey, whose: ' of your own' },
] as const;
type Face = (typeof FACES)[number];

const keyOf = (context: HttpContext, request: FastifyRequest, { find }: Face, id: string): ApiKey => {
  const key = find(context, request, id);
  if (key === undefined) throw new AccessError('not-found', 'There is no such key.');
  return key;
};

const addRotate = (server: Server, context: HttpContext, face: Face): void => {
  server.post(
    `${face.path}/:id/rotate`,
    {
      config: { action: face.action },
      schema: {
        summary: `A new key with the same rights as one${face.whose}, shown once; the old one goes on for a while`,
        tags: ['keys'],
        params: PARAMS,
        body: Type.Object(
          {
            overlapHours: Type.Optional(
              Type.Integer({ minimum: 0, maximum: MAX_OVERLAP_HOURS, default: OVERLAP_HOURS }),
            ),
          },
          { additionalProperties: false },
        ),
        response: { 201: ISSUED_KEY },
      },
    },
    async (request, reply) => {
      const old = keyOf(context, request, face, request.params.id);
      const order = { ...request.body, createdBy: subjectId(request.subject) };
      const issued = context.audit.change(
        () => context.people.keys.rotate(old.id, order),
        ({ key }) => ({
          ...attemptOf(request),
          resource: { type: 'key', id: old.id, organisationId: old.organisationId },
          before: present(old, request.subject),
          after: present(key, request.subject),
          outcome: 'done',
        }),
      );
      return reply.status(201).send({ key: issued.text, ...present(issued.key, request.subject) });
    },
  );
};

const addRevoke = (server: Server, context: HttpContext, face: Face): void => {
  server.delete(
    `${face.path}/:id`,
    {
      config: { action: face.action },
      schema: {
        summary: `Revoke an API key${face.whose}, at once`,
        tags: ['keys'],
        params: PARAMS,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const key = keyOf(context, request, face, request.params.id);
      context.audit.change(
        () => context.people.keys.revoke(key.id),
        () => ({
          ...attemptOf(request),
          resource: { type: 'key', id: key.id, organisationId: key.organisationId },
          before: present(key, request.subject),
          outcome: 'done',
        }),
      );
      return reply.status(204).send(null);
    },
  );
};
