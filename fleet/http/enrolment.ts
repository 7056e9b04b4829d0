import { Type } from 'typebox';
import type { EnrolResponse } from '#wire/enrolment.js';
import type { FastifyRequest } from 'fastify';
import type { AuditObject } from '../access/audit/content.js';
import { attemptOf } from './authorise.js';
import type { HttpContext, Routes } from './context.js';

const ENROLLED = Type.Object({
  gatewayId: Type.String(),
  certificate: Type.String(),
  issuer: Type.String(),
  root: Type.String(),
  broker: Type.Object({
    host: Type.Union([Type.String(), Type.Null()]),
    port: Type.Integer(),
    serverName: Type.String(),
  }),
});

/** What gateways ask without a session: their token, or their old key, is the permission. */
export const enrolmentRoutes: Routes = (server, context) => {
  addEnrol(server, context);
  addRenew(server, context);
};

const plain = (response: EnrolResponse) => ({ ...response, broker: { ...response.broker } });

const record = (
  { audit, registry }: HttpContext,
  request: FastifyRequest,
  gatewayId: string,
  after: AuditObject,
): void =>
  audit.record({
    ...attemptOf(request),
    resource: {
      type: 'gateway',
      id: gatewayId,
      organisationId: registry.gateway(gatewayId)?.organisationId ?? null,
    },
    after,
    outcome: 'done',
  });

const CSR = Type.String({ maxLength: 8192, description: 'PEM PKCS#10, P-256.' });

const addEnrol: Routes = (server, context) => {
  server.post(
    '/api/v1/enrol',
    {
      config: { action: 'enrol-gateway' },
      schema: {
        summary: 'Exchange a claim token and a CSR for a certificate',
        description:
          'The token is the permission. The same request again gets the same certificate; 202 while an operator has not approved it.',
        tags: ['enrolment'],
        security: [],
        body: Type.Object({
          token: Type.String({ maxLength: 200 }),
          csr: CSR,
          name: Type.String({ minLength: 1, maxLength: 200 }),
          serial: Type.Optional(Type.String({ maxLength: 100, description: 'Of the box.' })),
        }),
        response: {
          200: ENROLLED,
          201: ENROLLED,
          202: Type.Object({ gatewayId: Type.String(), waiting: Type.Literal(true) }),
        },
      },
    },
    async (request, reply) => {
      const enrolled = await context.enrolment.enrol(request.body);
      if (enrolled.state === 'waiting') return reply.status(202).send({ ...enrolled.response });
      if (enrolled.state === 'created') {
        record(context, request, enrolled.response.gatewayId, { name: request.body.name });
      }
      return reply.status(enrolled.state === 'created' ? 201 : 200).send(plain(enrolled.response));
    },
  );
};

const addRenew: Routes = (server, context) => {
  server.post(
    '/api/v1/renew',
    {
      config: { action: 'renew-certificate' },
      schema: {
        summary: 'Exchange a certificate for the one that follows it',
        description:
          'The signature of the old certificate’s key is the permission. The old one stays good until the new one is used; one that has expired is good for this alone.',
        tags: ['enrolment'],
        security: [],
        body: Type.Object({
          certificate: Type.String({ pattern: '^[0-9a-f]{64}$', description: 'SHA-256 of its DER.' }),
          csr: CSR,
          proof: Type.String({ pattern: '^[A-Za-z0-9_-]{86}$', description: 'ES256, base64url.' }),
        }),
        response: { 200: ENROLLED, 201: ENROLLED },
      },
    },
    async (request, reply) => {
      const { created, response } = await context.renewal.renew(request.body);
      if (created) record(context, request, response.gatewayId, { renews: request.body.certificate });
      return reply.status(created ? 201 : 200).send(plain(response));
    },
  );
};
