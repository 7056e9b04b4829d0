import { Type, type TObject, type Static } from 'typebox';
import type { FastifyRequest } from 'fastify';
import type { Action } from '../access/actions.js';
import { inOrganisation } from '../access/decide.js';
import { AccessError } from '../access/errors.js';
import { isMember, subjectId, type Member } from '../access/subject.js';
import type { Wanted } from '../sharing/agreement-steps.js';
import type { Agreement } from '../sharing/agreement.js';
import { concernedParties, eventsSeen } from '../sharing/sharing.js';
import { CLAUSE, PARTY, TERMS } from '../sharing/terms.js';
import type { StoredAgreement } from '../store/agreements-store.js';
import { AGREEMENT, AGREEMENT_EVENT, diffOf, presentAgreement, presentEvent } from './agreement-resource.js';
import { attemptOf, authorise } from './authorise.js';
import { reachOf } from './caller.js';
import type { HttpContext, Routes, Server } from './context.js';
import { BY_ID } from './deeds.js';
import { PAGING_QUERY, pageOf, readPage } from './paging.js';
import { HttpError } from './problem.js';

const NOTHING = Type.Object({}, { additionalProperties: false });
const negotiates = 'negotiate-agreement';
const signs = 'sign-agreement';

/** Agreements: what parties give each other, under rules that hold. Who has no part in one learns nothing of it. */
export const agreementRoutes: Routes = (server, context) => {
  addReads(server, context);
  addVersions(server, context);
  server.post(
    '/api/v1/agreements',
    {
      config: { action: negotiates },
      bodyLimit: 1024 * 1024,
      schema: {
        summary: 'Draft an agreement: seen by its drafter alone until it is proposed',
        tags: ['sharing'],
        body: TERMS,
        response: { 200: AGREEMENT },
      },
    },
    async (request) => {
      const who = actingAs(context, request);
      const agreement = recorded(context, request, () =>
        context.sharing.draft({ type: 'drafted', terms: request.body }, who),
      );
      return seenAgreement(context, request, agreement.id);
    },
  );
  addNegotiation(actions(server, context));
  addSigning(actions(server, context));
};

const addNegotiation = (act: ActRoute): void => {
  const terms = Type.Object({ terms: TERMS }, { additionalProperties: false });
  act('redraft', negotiates, 'Put other terms in the place of a draft’s', terms, (body) => ({
    type: 'drafted',
    terms: body.terms,
  }));
  act('propose', negotiates, 'Propose a draft to its parties', NOTHING, () => ({ type: 'proposed' }));
  act(
    'amend',
    negotiates,
    'Propose another version; the one in force stays until all sign',
    terms,
    (body) => ({
      type: 'amended',
      terms: body.terms,
    }),
  );
  act('recall', negotiates, 'Take back a version that is not in force yet', NOTHING, () => ({
    type: 'recalled',
  }));
  act('invite', negotiates, 'Invite a further party', PARTY, (party) => ({ type: 'invited', party }));
  const join = Type.Object(
    { clauses: Type.Array(CLAUSE, { maxItems: 100 }) },
    { additionalProperties: false },
  );
  act('join', negotiates, 'Join, where one is invited, and say what one gives', join, (body) => ({
    type: 'join',
    clauses: body.clauses,
  }));
};

const addSigning = (act: ActRoute): void => {
  const signature = Type.Object({ version: Type.Integer({ minimum: 1 }) }, { additionalProperties: false });
  act(
    'sign',
    signs,
    'Sign a version for one’s organisation, in person',
    signature,
    ({ version }, person) => ({
      type: 'signed',
      version,
      signer: { id: person.id, name: person.name, role: person.role ?? '' },
    }),
  );
  const reason = Type.Object(
    { reason: Type.Optional(Type.String({ maxLength: 2000 })) },
    { additionalProperties: false },
  );
  act(
    'withdraw',
    signs,
    'Withdraw, or refuse: nothing is given or got any more, at once',
    reason,
    (body) => ({
      type: 'withdrew',
      reason: body.reason ?? null,
    }),
  );
  act('end', signs, 'Agree that it ends for all: it does when all parties have', NOTHING, () => ({
    type: 'ended',
  }));
};

const addReads: Routes = (server, context) => {
  server.get(
    '/api/v1/agreements',
    {
      config: { action: 'read-agreements' },
      schema: {
        summary: 'Agreements in which one’s organisations have or had a part',
        tags: ['sharing'],
        querystring: PAGING_QUERY,
        response: { 200: pageOf(AGREEMENT) },
      },
    },
    async (request) => {
      const seen = allSeen(context, request);
      return readPage(
        context,
        request,
        ({ after = '', limit }) => seen.filter(({ id }) => id > after).slice(0, limit),
        ({ id }) => id,
      );
    },
  );
  server.get(
    '/api/v1/agreements/:id',
    {
      config: { action: 'read-agreements' },
      schema: { summary: 'One agreement', tags: ['sharing'], params: BY_ID, response: { 200: AGREEMENT } },
    },
    async (request) => seenAgreement(context, request, request.params.id),
  );
};

const addVersions: Routes = (server, context) => {
  server.get(
    '/api/v1/agreements/:id/history',
    {
      config: { action: 'read-agreements' },
      schema: {
        summary: 'What happened to an agreement, in order',
        tags: ['sharing'],
        params: BY_ID,
        response: { 200: Type.Object({ items: Type.Array(AGREEMENT_EVENT) }) },
      },
    },
    async (request) => ({ items: requireSeen(context, request, request.params.id).events.map(presentEvent) }),
  );
  const number = Type.Integer({ minimum: 1, maximum: 10_000 });
  server.get(
    '/api/v1/agreements/:id/diff',
    {
      config: { action: 'read-agreements' },
      schema: {
        summary: 'What one version says otherwise than another',
        tags: ['sharing'],
        params: BY_ID,
        querystring: Type.Object({ from: number, to: number }, { additionalProperties: false }),
        response: {
          200: Type.Object({
            changes: Type.Array(
              Type.Object({ part: Type.String(), before: Type.Unknown(), after: Type.Unknown() }),
            ),
          }),
        },
      },
    },
    async (request) => {
      const { versions } = seenAgreement(context, request, request.params.id);
      const [from, to] = [request.query.from, request.query.to].map((wanted) =>
        versions.find((version) => version.number === wanted),
      );
      if (from === undefined || to === undefined)
        throw new HttpError('not-found', 'There is no such version.');
      return { changes: diffOf(from.terms, to.terms) };
    },
  );
};

type ActRoute = <Body extends TObject>(
  name: string,
  action: Action,
  summary: string,
  body: Body,
  wantedOf: (body: Static<Body>, subject: Member) => Wanted,
) => void;

const actions =
  (server: Server, context: HttpContext): ActRoute =>
  (name, action, summary, body, wantedOf) => {
    server.post(
      `/api/v1/agreements/:id/${name}`,
      {
        config: { action },
        bodyLimit: 1024 * 1024,
        schema: { summary, tags: ['sharing'], params: BY_ID, body, response: { 200: AGREEMENT } },
      },
      async (request) => {
        const { id } = request.params;
        requireSeen(context, request, id);
        const who = actingAs(context, request);
        const { subject } = request;
        if (!isMember(subject) || (action === signs && subject.type !== 'person')) {
          throw new AccessError('forbidden', 'An agreement is signed, left and ended by a person.');
        }
        const wanted = wantedOf(request.body as Static<typeof body>, subject);
        recorded(context, request, () => context.sharing.act(id, wanted, who));
        return seenAgreement(context, request, id);
      },
    );
  };

/** For whom the caller acts: their own organisation, never one below. A service of it does not bind it. */
const actingAs = (context: HttpContext, request: FastifyRequest) => {
  const { subject } = request;
  const own = isMember(subject) ? subject.organisationId : '';
  const organisationId = context.sharing.bodies().bodyOf(own);
  authorise(context, request, inOrganisation(organisationId));
  return { at: context.now(), by: subjectId(subject), organisationId };
};

/** Each party's trail says what was done, in the transaction that does it. */
const recorded = (context: HttpContext, request: FastifyRequest, act: () => Agreement): Agreement => {
  const recordOf = (agreement: Agreement, organisationId: string | null) => ({
    ...attemptOf(request),
    resource: { type: 'agreement', id: agreement.id, organisationId },
    after: {
      event: request.routeOptions.url?.split('/').at(-1) ?? '',
      phase: agreement.phase,
      version: agreement.versions.at(-1)?.number ?? 0,
    },
    outcome: 'done' as const,
  });
  return context.audit.change(
    () => {
      const made = act();
      const there = new Set(context.registry.organisations().map(({ id }) => id));
      const own = isMember(request.subject) ? request.subject.organisationId : '';
      for (const party of concernedParties(made)) {
        if (party !== own && there.has(party)) context.audit.record(recordOf(made, party));
      }
      return made;
    },
    (made) => recordOf(made, null),
  );
};

const seenOf = (context: HttpContext, request: FastifyRequest, stored: StoredAgreement): StoredAgreement => {
  const { organisations, siteId } = reachOf(context, request);
  if (siteId !== undefined) return { id: stored.id, events: [] };
  const bodies = new Set([...organisations].map((id) => context.sharing.bodies().bodyOf(id)));
  return { id: stored.id, events: eventsSeen(stored, bodies) };
};

const allSeen = (context: HttpContext, request: FastifyRequest) =>
  context.registry
    .agreements()
    .flatMap((stored) => presentAgreement(seenOf(context, request, stored), context.now()) ?? []);

/** What the caller sees of an agreement. Throws `HttpError` `not-found`, also where that is nothing. */
export const requireSeen = (context: HttpContext, request: FastifyRequest, id: string): StoredAgreement => {
  const stored = context.registry.agreement(id) ?? { id, events: [] };
  const seen = seenOf(context, request, stored);
  if (seen.events.length === 0) throw new HttpError('not-found', 'There is no such agreement.');
  return seen;
};

const seenAgreement = (context: HttpContext, request: FastifyRequest, id: string) => {
  const shown = presentAgreement(requireSeen(context, request, id), context.now());
  if (shown === undefined) throw new HttpError('not-found', 'There is no such agreement.');
  return shown;
};
