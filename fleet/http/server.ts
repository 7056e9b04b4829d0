import cookie from '@fastify/cookie';
import fastifyStatic from '@fastify/static';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import fastify, { LogController, type FastifyBaseLogger, type FastifyError } from 'fastify';
import { ruleOf } from '../access/actions.js';
import { createRateLimit, type Rates } from '../access/rate-limit.js';
import { auditRoutes } from './audit.js';
import { checkEveryRequest, recordRefused } from './authorise.js';
import type { HttpContext, Server } from './context.js';
import { accountRoutes } from './account.js';
import { actRoutes } from './acts.js';
import { aggregateRoutes } from './aggregates.js';
import { agreementTemplateRoutes } from './agreement-templates.js';
import { agreementOdrlRoutes } from './agreement-odrl.js';
import { agreementRoutes } from './agreements.js';
import { catalogueRoutes } from './catalogue.js';
import { chartRoutes } from './charts.js';
import { competenceRoutes } from './competences.js';
import { consumptionRoutes } from './consumption.js';
import { datasetDataRoutes } from './dataset-data.js';
import { datasetRoutes } from './datasets.js';
import { decisionRoutes } from './decisions.js';
import { enrolmentRoutes } from './enrolment.js';
import { enrolmentTokenRoutes } from './enrolment-tokens.js';
import { erasePersonRoutes } from './erase-person.js';
import { feedRoutes } from './feed.js';
import { gatewayControlRoutes } from './gateway-control.js';
import { gatewayRoutes } from './gateways.js';
import { acceptImportFiles, importRoutes } from './imports.js';
import { inventoryRoutes } from './inventory.js';
import { invitationRoutes } from './invitations.js';
import { keyRoutes } from './keys.js';
import { ledgerRoutes } from './ledger.js';
import { loginRoutes } from './login.js';
import { mapRoutes } from './map.js';
import { refuseOtherMethods } from './other-methods.js';
import { operationsRoutes } from './operations.js';
import { organisationRoutes } from './organisations.js';
import { peopleRoutes } from './people.js';
import { placeRoutes } from './places.js';
import { PROBLEM, sendError, sendProblem, statusOf } from './problem.js';
import { proofRoutes } from './proofs.js';
import { readingsRoutes } from './readings.js';
import { secondFactorRoutes } from './second-factor.js';
import { serviceRoutes } from './service.js';
import { signInPolicyRoutes } from './sign-in-policy.js';
import { signOnRoutes } from './sign-on.js';
import { requireActions, type RouteActions } from './route-actions.js';
import { usageRoutes } from './usage.js';
import { compileValidator } from './validate.js';

export interface HttpSettings {
  /** Folder of the built console. */
  readonly consoleFolder: string;
  readonly version: string;
  /** PEM; absent: plain HTTP, for loopback or behind a reverse proxy. */
  readonly tls?: { readonly key: string; readonly cert: string };
  readonly log: FastifyBaseLogger;
  /** Addresses and networks (CIDR) of proxies whose `X-Forwarded-*` is believed; nobody else's is. */
  readonly trustedProxies: readonly string[];
  readonly rates?: Rates;
  readonly timeouts?: Timeouts;
}

/** How long a client may take, ms. */
export interface Timeouts {
  /** From the connection, or the end of the answer before, to the last line of the head. */
  readonly headMs: number;
  /** The same to the last byte of the body. */
  readonly requestMs: number;
  /** Without a byte either way: also for who does not read what is answered. */
  readonly idleMs: number;
  /** How often that is looked at. */
  readonly checkMs: number;
}

const TIMEOUTS: Timeouts = { headMs: 10_000, requestMs: 30_000, idleMs: 60_000, checkMs: 2_000 };

const BODY_LIMIT_BYTES = 64 * 1024;

const contentSecurityPolicy = (styles: string): string =>
  [
    "default-src 'self'",
    "img-src 'self' data:",
    `style-src ${styles}`,
    "object-src 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "form-action 'self'",
  ].join('; ');

const CONSOLE_POLICY = contentSecurityPolicy("'self'");
/** The documentation page writes style attributes into its markup. */
const DOCS_POLICY = contentSecurityPolicy("'self' 'unsafe-inline'");

/** The service's HTTP face, ready to listen. */
export const createHttpServer = async (context: HttpContext, settings: HttpSettings): Promise<Server> => {
  const { headMs, requestMs, idleMs, checkMs } = settings.timeouts ?? TIMEOUTS;
  // Node looks every 30 s unless told otherwise
  const listening = {
    headersTimeout: headMs,
    requestTimeout: requestMs,
    connectionsCheckingInterval: checkMs,
  };
  const server = fastify({
    loggerInstance: settings.log,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: requestMs,
    connectionTimeout: idleMs,
    trustProxy: settings.trustedProxies.length === 0 ? false : [...settings.trustedProxies],
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 64 },
    frameworkErrors: sendError,
    ...(settings.tls === undefined ? { http: listening } : { https: { ...listening, ...settings.tls } }),
  }).withTypeProvider<TypeBoxTypeProvider>();

  server.setValidatorCompiler(compileValidator);
  server.setErrorHandler<FastifyError>((error, request, reply) => {
    recordRefused(context, request, { status: statusOf(error), code: error.code });
    sendError(error, request, reply);
  });
  server.setNotFoundHandler((request, reply) => {
    // Not the query: what people put there may be a secret, and answers are kept.
    const [path] = request.url.split('?', 1);
    sendProblem(reply, { status: 404, detail: `There is nothing at ${request.method} ${path}.` });
  });
  server.addHook('onSend', async (request, reply) => {
    void reply.headers({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
    });
    if (!reply.hasHeader('content-security-policy')) {
      void reply.header('content-security-policy', CONSOLE_POLICY);
    }
    if (request.url.startsWith('/api/')) void reply.header('cache-control', 'no-store');
  });

  const actions = requireActions(server);
  await server.register(cookie);
  checkEveryRequest(server, context, createRateLimit(context.now, settings.rates));
  await addDocumentation(server, settings.version, actions);
  const restOf = refuseOtherMethods(server);
  acceptImportFiles(server);
  addRoutes(server, context);
  restOf();
  await actions.under('read-console', () => server.register(fastifyStatic, { root: settings.consoleFolder }));
  // where the links of claim tokens lead; the token follows a # and is not sent
  const enrol = { config: { action: 'read-console' }, schema: { hide: true } } as const;
  server.get('/enrol', enrol, (_request, reply) => reply.sendFile('enrol.html'));
  return server;
};

const addDocumentation = async (server: Server, version: string, actions: RouteActions): Promise<void> => {
  await server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Terroir',
        version,
        description: 'Readings of a territory, with where they came from. Errors are RFC 9457 problems.',
      },
      components: {
        securitySchemes: {
          session: {
            type: 'http',
            scheme: 'bearer',
            description: 'The token of POST /api/v1/login, or an API key.',
          },
        },
      },
      security: [{ session: [] }],
    },
    transform: ({ schema, url, route }) => ({
      url,
      schema: {
        ...schema,
        description: [schema?.description, whoMay(route.config?.action)].filter(Boolean).join(' '),
        ...mayBeStranger(route.config?.action),
        response: { ...Object(schema?.response), '4xx': PROBLEM_RESPONSE },
      },
    }),
  });
  await actions.under('read-documentation', () =>
    server.register(swaggerUi, {
      routePrefix: '/docs',
      staticCSP: DOCS_POLICY,
      theme: { title: 'Terroir API' },
    }),
  );
};

/** Of what is open a stranger gets an answer too. */
const mayBeStranger = (action: string | undefined) =>
  action !== undefined && ruleOf(action)?.public === true ? { security: [{}, { session: [] }] } : {};

const whoMay = (action: string | undefined): string => {
  const to = action === undefined ? undefined : ruleOf(action)?.to;
  return Array.isArray(to) ? `For: ${to.join(', ')}.` : '';
};

const PROBLEM_RESPONSE = {
  description: 'Why it was refused.',
  content: { 'application/problem+json': { schema: PROBLEM } },
};

const addRoutes = (server: Server, context: HttpContext): void => {
  serviceRoutes(server, context);
  auditRoutes(server, context);
  loginRoutes(server, context);
  signOnRoutes(server, context);
  accountRoutes(server, context);
  secondFactorRoutes(server, context);
  peopleRoutes(server, context);
  erasePersonRoutes(server, context);
  invitationRoutes(server, context);
  keyRoutes(server, context);
  signInPolicyRoutes(server, context);
  enrolmentRoutes(server, context);
  enrolmentTokenRoutes(server, context);
  gatewayControlRoutes(server, context);
  organisationRoutes(server, context);
  competenceRoutes(server, context);
  placeRoutes(server, context);
  consumptionRoutes(server, context);
  actRoutes(server, context);
  importRoutes(server, context);
  gatewayRoutes(server, context);
  ledgerRoutes(server, context);
  operationsRoutes(server, context);
  inventoryRoutes(server, context);
  mapRoutes(server, context);
  aggregateRoutes(server, context);
  readingsRoutes(server, context);
  chartRoutes(server, context);
  feedRoutes(server, context);
  proofRoutes(server, context);
  datasetRoutes(server, context);
  datasetDataRoutes(server, context);
  catalogueRoutes(server, context);
  agreementRoutes(server, context);
  agreementOdrlRoutes(server, context);
  agreementTemplateRoutes(server, context);
  decisionRoutes(server, context);
  usageRoutes(server, context);
  server.get(
    '/api/v1/openapi.json',
    { config: { action: 'read-documentation' }, schema: { hide: true } },
    async () => server.swagger(),
  );
};
