import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { encodeMessage } from '#wire/message-codec.js';
import type { Ack } from '#wire/messages.js';
import type { Logger } from 'pino';
import { makeFirstAdministrator } from './access/first-administrator.js';
import { checkProviderSecrets } from './access/sign-on/provider-secret.js';
import type { Broker } from './broker/broker.js';
import type { Listener } from './broker/connection.js';
import { createAcknowledger } from './log/acknowledger.js';
import { createAppender, type Appender } from './log/appender.js';
import { createDoor, faultOf, type Door } from './log/door.js';
import { createUnknownDirectories } from './log/unknown-directories.js';
import { noteEndingCertificates } from './operations/certificate-watch.js';
import { startCourier, type Courier } from './operations/courier.js';
import { startHousekeeping } from './operations/housekeeping.js';
import { createIngest } from './operations/ingest.js';
import { createKeyRing } from './operations/key-ring.js';
import { createMetrics, type Metrics } from './operations/metrics.js';
import { createReception } from './operations/reception.js';
import { startRevocationListFile, type RevocationListFile } from './operations/revocation-list-file.js';
import { startRevocationWatch, type RevocationWatch } from './operations/revocation-watch.js';
import { openAuthority, type Authority } from './registry/authority/authority.js';
import { every } from './every.js';
import { Opened } from './opened.js';
import { openSealing } from './open-access.js';
import { openBroker, type MqttSettings, type OpenedBroker } from './open-broker.js';
import { openHttp, type HttpSettings } from './open-http.js';
import { openStores, walBytes, type Stores } from './open-stores.js';
import { newId } from './registry/new-id.js';
import type { RegistryStore } from './store/registry-store.js';
import type { ViewsReader } from './store/views-store.js';

/** Items that share one commit of the log, at most. */
const MAX_GROUP = 256;

export interface ServiceSettings {
  readonly dataFolder: string;
  /** What the organisation on top is called, at the first start. */
  readonly organisationName?: string;
  readonly http: HttpSettings;
  readonly mqtt: MqttSettings;
  /** Key under which secrets are sealed; absent: one of the data folder. */
  readonly accessKeyFile?: string;
  /** Names that the fleet's own HTTPS certificate carries. */
  readonly names: readonly string[];
  readonly certificates?: {
    /** Of the authority's keys; absent: the one beside them. */
    readonly passphrase?: string | undefined;
    /** How long after its end a gateway's certificate may still be renewed, days. */
    readonly graceDays?: number | undefined;
  };
  readonly version: string;
  readonly log: Logger;
  /** Another transport than mutual TLS: for measurements, not reachable by configuration. */
  readonly listener?: Listener;
}

export interface Service {
  readonly httpPort: number;
  readonly mqttPort: number;
  /** Only at the very first start. */
  readonly firstAdministrator: { readonly login: string; readonly password: string } | undefined;
  readonly registry: RegistryStore;
  readonly views: ViewsReader;
  /** Resolves with the cause when the service cannot go on: close it, and start it again. */
  readonly failed: Promise<Error>;
  /** Newest log position, and the one that all projections have reached. */
  positions(): { readonly head: number; readonly projected: number };
  close(): Promise<void>;
}

/** Starts the whole fleet in this process: embedded broker, SQLite in three files, projector, HTTP. */
export const startService = async (settings: ServiceSettings): Promise<Service> => {
  const opened = new Opened();
  try {
    return await openService(settings, opened);
  } catch (error) {
    // threads that go on would keep the process alive
    await opened.close().catch(() => undefined);
    throw error;
  }
};

const openService = async (settings: ServiceSettings, opened: Opened): Promise<Service> => {
  mkdirSync(settings.dataFolder, { recursive: true, mode: 0o700 });
  const authority = await openAuthority(join(settings.dataFolder, 'authority'), {
    now: Date.now,
    passphrase: settings.certificates?.passphrase,
  });
  const sealing = openSealing(settings.dataFolder, settings.accessKeyFile);
  const stores = await openStores(settings.dataFolder, settings.log);
  opened.add(() => stores.close());
  checkProviderSecrets(stores.registry.providers(), sealing);
  const appender = createAppender(stores.log, MAX_GROUP);
  const state: State = { broker: undefined, head: stores.head };
  const metrics = createMetrics({
    gatewaysConnected: () => stores.registry.gateways().filter(({ connected }) => connected).length,
    logHead: () => state.head,
    projectionLag: () => Math.max(0, state.head - stores.projector.position()),
    appendsWaiting: () => appender.waiting(),
    walBytes: () => walBytes(settings.dataFolder),
  });
  const revocations = watchRevocations(settings, stores, state);
  opened.add(async () => revocations.stop());
  const revocationList = keepRevocationList(settings, stores, authority);
  opened.add(async () => revocationList?.stop());
  const transport = await startBroker(settings, { stores, appender, metrics, state, authority, revocations });
  const { broker } = transport;
  state.broker = broker;
  opened.add(() => broker.close());
  const courier = openCourier(settings, stores, broker);
  opened.add(async () => courier.stop());
  const commandAdded = (): void => courier.wake();
  const gatewayRevoked = (): void => revocations.wake();
  const head = (): number => state.head;
  const parts = { authority, sealing, stores, metrics, head, transport };
  const http = await openHttp(settings, { ...parts, commandAdded, gatewayRevoked });
  opened.add(() => http.close());
  const housekeeping = startHousekeeping({
    settle: () => void stores.registry.settleHolders(Date.now()),
    purge: () => void stores.registry.purge(Date.now()),
    warn: () => noteEndingCertificates({ registry: stores.registry, now: Date.now }),
    renew: () => transport.renew(),
    failed: (chore, err) => settings.log.error({ chore, err }, 'housekeeping failed'),
  });
  opened.add(() => housekeeping.stop());
  // last: a start that fails must not use up the one time that the password is shown
  const firstAdministrator = await makeFirstAdministrator({
    registry: stores.registry,
    organisationName: settings.organisationName ?? 'Territoire',
    newId,
    random: randomBytes,
  });

  return {
    httpPort: http.port,
    mqttPort: broker.port,
    firstAdministrator,
    registry: stores.registry,
    views: stores.views,
    failed: stores.failed,
    positions: () => ({ head: state.head, projected: stores.projector.position() }),
    close: () => opened.close(),
  };
};

/** What a broker's own handshake refuses, where it is told so by a file. */
const keepRevocationList = (
  { mqtt, log }: ServiceSettings,
  { registry }: Stores,
  authority: Authority,
): RevocationListFile | undefined => {
  const path = mqtt.external?.revocationList;
  const failed = (err: unknown): void => log.error({ err, path }, 'list of revoked certificates not written');
  if (path === undefined) return undefined;
  return startRevocationListFile({ path, registry, authority, now: Date.now, every, failed });
};

/** Brings waiting commands to gateways that are connected. */
const openCourier = ({ log }: ServiceSettings, stores: Stores, broker: Broker): Courier =>
  startCourier({
    waiting: (now) => stores.registry.waitingCommands(now),
    connected: (gatewayId) => broker.connected(gatewayId),
    send: (gatewayId, command) => {
      broker.publish(gatewayId, 'command', encodeMessage('command', command)).catch((err: unknown) => {
        log.warn({ err, gatewayId, command: command.id }, 'command not sent');
      });
    },
    now: Date.now,
    every,
    failed: (err) => log.error({ err }, 'commands not looked for'),
  });

interface State {
  broker: Broker | undefined;
  head: number;
}

interface Parts {
  readonly stores: Stores;
  readonly metrics: Metrics;
  readonly state: State;
}

const watchRevocations = (
  { log }: ServiceSettings,
  { registry }: Stores,
  state: Readonly<State>,
): RevocationWatch =>
  startRevocationWatch({
    revoked: () => registry.revokedGateways(),
    connected: (gatewayId) => state.broker?.connected(gatewayId) ?? false,
    disconnect: (gatewayId, why) => state.broker?.disconnect(gatewayId, why),
    every,
    failed: (err) => log.error({ err }, 'revocations not looked for'),
  });

/** Where batches come in: what is answered, counted, noted and asked for beside them. */
const openDoor = (
  { log }: ServiceSettings,
  { stores, appender, metrics, state }: Parts & { readonly appender: Appender },
  acknowledge: (gatewayId: string, ack: Ack) => void,
): Door => {
  const nameDirectory = createUnknownDirectories({
    log: stores.log,
    ask: async (gatewayId, epoch, directory) =>
      state.broker?.publish(
        gatewayId,
        'resend',
        encodeMessage('resend', { epoch, batches: [], directories: [directory] }),
      ),
    now: Date.now,
    failed: (gatewayId, err) => log.warn({ err, gatewayId }, 'directory not asked for'),
  });
  return createDoor({
    appender,
    stored: (gatewayId, epoch, directory) => void nameDirectory(gatewayId, epoch, directory),
    publicKey: createKeyRing({ registry: stores.registry, now: Date.now }),
    acknowledge,
    outcome: (outcome, item) => {
      if (item.type === 'batch') metrics.batches.inc({ outcome });
      const fault = faultOf(outcome, item);
      if (fault !== undefined) {
        log.error({ source: item.source, ...fault }, 'batch kept apart');
        stores.registry.noteEvent({ gatewayId: item.source, at: item.receivedAt, ...fault });
      }
      if (outcome !== 'stored') return;
      metrics.appended.inc(item.message.length);
      state.head += 1;
      stores.projector.wake();
    },
  });
};

const startBroker = async (
  settings: ServiceSettings,
  {
    stores,
    appender,
    metrics,
    state,
    authority,
    revocations,
  }: Parts & {
    readonly appender: Appender;
    readonly authority: Authority;
    readonly revocations: RevocationWatch;
  },
): Promise<OpenedBroker> => {
  const { log, listener } = settings;
  const acknowledger = createAcknowledger((gatewayId, ack) => {
    state.broker?.publish(gatewayId, 'ack', encodeMessage('ack', ack)).catch((error: unknown) => {
      log.warn({ err: error, gatewayId }, 'ack not sent');
    });
  });
  const door = openDoor(settings, { stores, appender, metrics, state }, (gatewayId, ack) =>
    acknowledger.add(gatewayId, ack),
  );
  const reception = createReception({
    log: stores.log,
    registry: stores.registry,
    declaredLost: (gatewayId, epoch) => stores.views.declaredLost(gatewayId, epoch),
    publish: async (gatewayId, kind, payload) => state.broker?.publish(gatewayId, kind, payload),
    now: Date.now,
    note: (event, gatewayId, detail) => log.info({ gatewayId, ...detail }, event),
  });
  const countRefused = (code: string): void => metrics.refused.inc({ code });
  const { registry } = stores;
  const events = createIngest({
    door,
    reception,
    registry,
    isRevoked: (gatewayId) => revocations.isRevoked(gatewayId),
    now: Date.now,
    log,
    countRefused,
  });
  return openBroker(settings.mqtt, { authority, events, log, listener });
};
