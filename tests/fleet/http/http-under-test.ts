import { randomBytes } from 'node:crypto';
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Gauge, Registry } from 'prom-client';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { createAccess } from '../../../fleet/access/access.js';
import { allTrails } from '../../../fleet/access/audit/all-trails.js';
import { createHeads } from '../../../fleet/access/audit/heads.js';
import { hashPassword } from '../../../fleet/access/passwords.js';
import { createSealing, type Sealing } from '../../../fleet/access/sealing.js';
import type { Health, Server } from '../../../fleet/http/context.js';
import { createCursors } from '../../../fleet/http/cursor.js';
import { createHttpServer, type Timeouts } from '../../../fleet/http/server.js';
import { createFeed } from '../../../fleet/feed/feed.js';
import { createSealer } from '../../../fleet/erasure/open-sealer.js';
import { RECEIPT_SIGNER, receiptSignerOf } from '../../../fleet/proof/receipt.js';
import { createProver } from '../../../fleet/proof/prover.js';
import { openAuthority } from '../../../fleet/registry/authority/authority.js';
import { createEnrolment } from '../../../fleet/registry/enrolment.js';
import { createGatewayControl } from '../../../fleet/registry/gateway-control.js';
import { createOrganisations } from '../../../fleet/registry/organisations/organisations.js';
import { readOrganisationVocabulary } from '../../../fleet/registry/organisations/vocabulary.js';
import { createRenewal } from '../../../fleet/registry/renewal.js';
import { createSharing } from '../../../fleet/sharing/sharing.js';
import { readTemplates } from '../../../fleet/sharing/templates.js';
import { readThemeCatalogue, themesOf } from '../../../fleet/sharing/themes.js';
import { createUsageLedger, type UsageLedger } from '../../../fleet/sharing/usage/usage-ledger.js';
import { newId as makeId } from '../../../fleet/registry/new-id.js';
import type { Person } from '../../../fleet/store/people-store.js';
import { addGateway, NOW, openFleetOfViews, type FleetOfViews } from '../projections/fleet-of-views.js';

export const PASSWORD = 'quatre saisons';
const hashed = hashPassword(PASSWORD);

/** Gateway of the municipality of the same letter. */
export const GATEWAY_A = 'gatewayaaaaaaaaaaaaa';
export const GATEWAY_B = 'gatewaybbbbbbbbbbbbb';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | number | undefined>>;
  readonly text: string;
  json(): Record<string, unknown>;
}

/**
 * The real HTTP face over real stores in a temporary folder. Organisation `org` has the municipalities `a`, with its
 * service `a1`, and `b`; each has a gateway. People are named after their organisation and role.
 */
export interface HttpUnderTest {
  readonly fleet: FleetOfViews;
  readonly server: Server;
  readonly sealing: Sealing;
  readonly clock: { now: number };
  readonly health: { current: Health };
  readonly usage: UsageLedger;
  /** Opens a session; gives its token. */
  login(login: string): Promise<string>;
  get(path: string, token?: string, headers?: Record<string, string>): Promise<Answer>;
  post(path: string, body: unknown, token?: string): Promise<Answer>;
  ask(
    method: InjectOptions['method'],
    path: string,
    headers?: Record<string, string>,
    payload?: string,
  ): Promise<Answer>;
}

const PEOPLE: readonly [organisation: string, role: Person['role']][] = [
  ['org', 'owner'],
  ['org', 'operator'],
  ['a', 'owner'],
  ['a', 'technician'],
  ['a', 'viewer'],
  ['b', 'viewer'],
  ['b', 'operator'],
];

const populate = async ({ registry }: FleetOfViews): Promise<void> => {
  const more = { code: null, timeZone: 'Europe/Paris' };
  registry.addOrganisation({ id: 'a', parentId: 'org', name: 'Aubière', type: 'municipality', ...more });
  registry.addOrganisation({ id: 'a1', parentId: 'a', name: 'Eaux d’Aubière', type: 'service', ...more });
  registry.addOrganisation({ id: 'b', parentId: 'org', name: 'Brenne', type: 'municipality', ...more });
  addGateway(registry, GATEWAY_A, 'a');
  addGateway(registry, GATEWAY_B, 'b');
  const passwordHash = await hashed;
  for (const [organisationId, role] of PEOPLE) {
    const login = `${organisationId}-${role}`;
    registry.addPerson({ id: `person-${login}`, login, name: login, passwordHash, organisationId, role });
  }
};

const BUILT_AT = new Date('2026-03-01T00:00:00Z');

const consoleFolder = (folder: string): string => {
  const path = join(folder, 'console');
  mkdirSync(path);
  for (const name of ['index.html', 'enrol.html']) {
    writeFileSync(join(path, name), '<!doctype html><title>Terroir</title>');
    // the same pages in each fleet: their age goes into what is answered
    utimesSync(join(path, name), BUILT_AT, BUILT_AT);
  }
  return path;
};

const metricsOf = (): Registry => {
  const registry = new Registry();
  new Gauge({ name: 'terroir_test', help: 'A gauge.', registers: [registry] }).set(1);
  return registry;
};

export const openHttp = async (): Promise<HttpUnderTest> => {
  const fleet = openFleetOfViews();
  const http = await openHttpOver(fleet);
  onTestFinished(() => http.close());
  return http;
};

interface Settings {
  /** Makes all ids. */
  readonly newId?: () => string;
  /** Makes all secrets and salts. */
  readonly random?: (bytes: number) => Uint8Array;
  readonly timeouts?: Timeouts;
}

/** The same over a fleet in a folder of the caller's. */
export const openHttpOver = async (
  fleet: FleetOfViews,
  { newId = makeId, random = (bytes) => randomBytes(bytes), timeouts }: Settings = {},
): Promise<HttpUnderTest & { close(): Promise<void> }> => {
  await populate(fleet);
  const clock = { now: NOW };
  const health = { current: { status: 'ok', version: '1.2.3', log: { head: 0, lag: 0 } } as Health };
  const now = (): number => clock.now;
  const { registry } = fleet;
  const authority = await openAuthority(join(fleet.folder, 'authority'), { now: Date.now });
  const sealing = createSealing(randomBytes(32), randomBytes);
  const broker = { host: null, port: 8883, serverName: 'broker.test' };
  const identity = { store: registry, authority, now, newId, random, broker };
  const themes = readThemeCatalogue();
  const sharing = createSharing({ store: registry, themes: themesOf(themes), newId });
  const usage = createUsageLedger({
    store: registry.usage,
    placements: (pointId) => registry.placements(pointId),
    bodies: sharing.bodies,
    now,
    random,
    every: () => () => undefined,
    failed: (error) => {
      throw error;
    },
  });
  const server = await createHttpServer(
    {
      ...createAccess({ registry, sealing, now, newId, random }),
      enrolment: createEnrolment(identity),
      renewal: createRenewal({ ...identity, graceDays: 400 }),
      gatewayControl: createGatewayControl(identity),
      auditHeads: createHeads({
        store: allTrails(registry),
        signer: await authority.issueDocumentSigner({ name: 'Terroir audit' }),
        now: Date.now,
      }),
      registry,
      organisations: createOrganisations({
        store: registry,
        vocabulary: readOrganisationVocabulary(),
        newId,
        now,
      }),
      sharing,
      themes,
      usage,
      templates: readTemplates(),
      views: fleet.reader,
      feed: createFeed({ views: fleet.reader, log: fleet.entries, now }),
      proofs: createProver({
        views: fleet.reader,
        log: fleet.entries,
        registry,
        issuerOf: (pem) => authority.issuerOf(pem),
        signer: receiptSignerOf(await authority.issueDocumentSigner({ name: RECEIPT_SIGNER })),
        now,
      }),
      sealErasure: await createSealer(authority, Date.now),
      cursors: createCursors(randomBytes(32), randomBytes),
      metrics: metricsOf(),
      health: () => health.current,
      commandAdded: () => undefined,
      gatewayRevoked: () => undefined,
      now,
      newId,
    },
    {
      consoleFolder: consoleFolder(fleet.folder),
      version: '1.2.3',
      log: pino({ level: 'silent' }),
      trustedProxies: ['127.0.0.1'],
      ...(timeouts === undefined ? {} : { timeouts }),
    },
  );
  const close = async (): Promise<void> => {
    await server.close();
    await fleet.close();
  };
  return { fleet, server, sealing, clock, health, usage, close, ...requests(server) };
};

interface InjectOptions {
  readonly method: 'PUT' | 'PATCH' | 'DELETE' | 'HEAD' | 'GET' | 'POST';
  readonly url: string;
  readonly headers?: Record<string, string>;
  readonly payload?: string;
}

const requests = (server: Server): Pick<HttpUnderTest, 'login' | 'get' | 'post' | 'ask'> => {
  const inject = async (options: InjectOptions): Promise<Answer> => {
    const { statusCode, headers, body } = await server.inject(options);
    return {
      status: statusCode,
      headers,
      text: body,
      json: () => JSON.parse(body) as Record<string, unknown>,
    };
  };
  const post: HttpUnderTest['post'] = (url, body, token) =>
    inject({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/json', ...bearer(token) },
      payload: typeof body === 'string' ? body : JSON.stringify(body),
    });
  return {
    post,
    ask: (method, url, headers = {}, payload) =>
      inject({ method, url, headers, ...(payload === undefined ? {} : { payload }) }),
    get: (url, token, headers = {}) =>
      inject({ method: 'GET', url, headers: { ...bearer(token), ...headers } }),
    login: async (login) => {
      const { token } = (await post('/api/v1/login', { login, password: PASSWORD })).json();
      return String(token);
    },
  };
};

const bearer = (token?: string) => (token === undefined ? {} : { authorization: `Bearer ${token}` });

export const itemsOf = (answer: Answer): Record<string, unknown>[] =>
  answer.json()['items'] as Record<string, unknown>[];

/** Cursor of the following page. */
export const nextOf = (answer: Answer): string | null => answer.json()['next'] as string | null;
