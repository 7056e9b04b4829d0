import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import type { Sealing } from './access/sealing.js';
import { createSealer } from './erasure/open-sealer.js';
import { createFeed } from './feed/feed.js';
import { every } from './every.js';
import type { HttpContext } from './http/context.js';
import { createCursors } from './http/cursor.js';
import { createHttpServer } from './http/server.js';
import { openAccess } from './open-access.js';
import { Opened } from './opened.js';
import { awaitedByBroker, BROKER_NAME, type OpenedBroker } from './open-broker.js';
import type { Stores } from './open-stores.js';
import type { Metrics } from './operations/metrics.js';
import { packageFile } from './package-file.js';
import { createProver, type Prover } from './proof/prover.js';
import { RECEIPT_SIGNER, receiptSignerOf } from './proof/receipt.js';
import type { Authority } from './registry/authority/authority.js';
import { createEnrolment } from './registry/enrolment.js';
import { createGatewayControl } from './registry/gateway-control.js';
import { newId } from './registry/new-id.js';
import { createSharing } from './sharing/sharing.js';
import { createUsageLedger } from './sharing/usage/usage-ledger.js';
import { readTemplates } from './sharing/templates.js';
import { readThemeCatalogue, themesOf } from './sharing/themes.js';
import { createOrganisations } from './registry/organisations/organisations.js';
import { readOrganisationVocabulary } from './registry/organisations/vocabulary.js';
import { createRenewal, DEFAULT_GRACE_DAYS } from './registry/renewal.js';
import type { RegistryStore } from './store/registry-store.js';

export type HttpTls =
  | { readonly type: 'none' }
  /** A certificate of the fleet's own authority; agents know its root by their claim token. */
  | { readonly type: 'fleet' }
  | { readonly type: 'own'; readonly key: string; readonly cert: string };

export interface HttpSettings {
  readonly host: string;
  readonly port: number;
  readonly tls: HttpTls;
  /** Proxies, as addresses or networks (CIDR), that are believed about where a request comes from. */
  readonly trustedProxies?: readonly string[];
}

interface OpenHttpSettings {
  readonly http: HttpSettings;
  readonly names: readonly string[];
  readonly certificates?: { readonly graceDays?: number | undefined };
  readonly version: string;
  readonly log: Logger;
}

interface HttpParts extends Pick<HttpContext, 'commandAdded' | 'gatewayRevoked'> {
  readonly authority: Authority;
  readonly sealing: Sealing;
  readonly stores: Stores;
  readonly metrics: Metrics;
  readonly transport: OpenedBroker;
  /** Newest position of the log. */
  readonly head: () => number;
}

/** How gateways become known, stay known, and are known no more. */
const createIdentityServices = (
  { certificates }: OpenHttpSettings,
  store: RegistryStore,
  authority: Authority,
  { broker, host }: OpenedBroker,
): Pick<HttpContext, 'enrolment' | 'renewal' | 'gatewayControl'> => {
  const address = { host, port: broker.port, serverName: BROKER_NAME };
  const now = Date.now;
  const deps = { store, authority, now, newId, random: randomBytes, broker: address };
  const graceDays = certificates?.graceDays ?? DEFAULT_GRACE_DAYS;
  return {
    enrolment: awaitedByBroker(createEnrolment(deps), broker),
    renewal: createRenewal({ ...deps, graceDays }),
    gatewayControl: createGatewayControl(deps),
  };
};

const openProver = async ({ views, reader, registry }: Stores, authority: Authority): Promise<Prover> =>
  createProver({
    views,
    log: reader,
    registry,
    issuerOf: (pem) => authority.issuerOf(pem),
    signer: receiptSignerOf(await authority.issueDocumentSigner({ name: RECEIPT_SIGNER })),
    now: Date.now,
  });

const openContext = async (
  settings: OpenHttpSettings,
  { authority, sealing, stores, metrics, head, transport, ...wakes }: HttpParts,
): Promise<HttpContext> => {
  const { registry, views } = stores;
  const themes = readThemeCatalogue();
  const sharing = createSharing({ store: registry, themes: themesOf(themes), newId });
  return {
    ...(await openAccess(registry, authority, sealing)),
    ...createIdentityServices(settings, registry, authority, transport),
    registry,
    sharing,
    themes,
    templates: readTemplates(),
    organisations: createOrganisations({
      store: registry,
      vocabulary: readOrganisationVocabulary(),
      newId,
      now: Date.now,
    }),
    views,
    feed: createFeed({ views, log: stores.reader, now: Date.now }),
    proofs: await openProver(stores, authority),
    sealErasure: await createSealer(authority, Date.now),
    cursors: createCursors(
      registry.secret('cursors', () => randomBytes(32)),
      randomBytes,
    ),
    metrics: metrics.registry,
    health: () => ({
      status: stores.projector.failed() ? 'degraded' : 'ok',
      version: settings.version,
      log: { head: head(), lag: Math.max(0, head() - stores.projector.position()) },
    }),
    ...wakes,
    now: Date.now,
    newId,
    // last: from here on it has to be closed, whatever else fails
    usage: createUsageLedger({
      store: registry.usage,
      placements: (pointId) => registry.placements(pointId),
      bodies: sharing.bodies,
      now: Date.now,
      random: randomBytes,
      every,
      failed: (err) => settings.log.error({ err }, 'usage ledger not written: kept, and tried again'),
    }),
  };
};

/** The HTTP face of the fleet, listening. */
export const openHttp = async (
  settings: OpenHttpSettings,
  parts: HttpParts,
): Promise<{ port: number; close: () => Promise<void> }> => {
  const tls = await httpTls(settings, parts.authority);
  const context = await openContext(settings, parts);
  const opened = new Opened();
  opened.add(async () => context.audit.flush());
  opened.add(async () => context.usage.close());
  try {
    const server = await createHttpServer(context, {
      consoleFolder: packageFile('dist/terroir-fleet/console'),
      version: settings.version,
      log: settings.log,
      trustedProxies: settings.http.trustedProxies ?? [],
      ...(tls === undefined ? {} : { tls }),
    });
    opened.add(() => server.close());
    await server.listen({ host: settings.http.host, port: settings.http.port });
    const address = server.server.address();
    const port = address === null || typeof address === 'string' ? settings.http.port : address.port;
    return { port, close: () => opened.close() };
  } catch (error) {
    await opened.close();
    throw error;
  }
};

const httpTls = async (
  { http, names }: OpenHttpSettings,
  authority: Authority,
): Promise<{ key: string; cert: string } | undefined> => {
  if (http.tls.type === 'none') return undefined;
  if (http.tls.type === 'own') return http.tls;
  const { keyPem, certificatePem } = await authority.issueServer({ names });
  return { key: keyPem, cert: certificatePem + authority.rootPem };
};
