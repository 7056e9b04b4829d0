import { X509Certificate } from 'node:crypto';
import type { Logger } from 'pino';
import type { Broker, BrokerEvents } from './broker/broker.js';
import type { Listener } from './broker/connection.js';
import { createEmbeddedBroker } from './broker/embedded-broker.js';
import { createExternalBroker } from './broker/external/external-broker.js';
import { DEFAULT_LIMITS } from './broker/limits.js';
import { mutualTlsListener } from './broker/mutual-tls-listener.js';
import type { Authority } from './registry/authority/authority.js';
import type { Enrolment } from './registry/enrolment.js';

/** The name that the broker's certificate carries; gateways check it whatever host they dial. */
export const BROKER_NAME = 'broker.terroir.internal';
/** Who the fleet is at an external broker; no gateway's id has a hyphen. */
export const FLEET_CLIENT = 'terroir-fleet-1';

export interface MqttSettings {
  readonly host: string;
  readonly port: number;
  /** Host that gateways are told to dial; `null`: the one under which they reached the fleet. */
  readonly publicHost: string | null;
  /** Another broker than the embedded one. */
  readonly external?: ExternalBrokerSettings;
}

export interface ExternalBrokerSettings {
  readonly host: string;
  readonly port: number;
  /** PEM; absent: the fleet's own authority issues them anew for each connection. */
  readonly credentials?: { readonly keyPem: string; readonly certificatePem: string };
  /** PEM: whoever issued the broker's certificate; absent: the fleet's own authority. */
  readonly ca?: string;
  /** File of revoked certificates that the broker reads, to be kept in step. */
  readonly revocationList?: string;
}

export interface OpenedBroker {
  readonly broker: Broker;
  /** Host for gateways where nobody set another one. */
  readonly host: string | null;
  /** Shows a new certificate to the connections that follow. */
  renew(): Promise<void>;
}

export interface OpenBrokerDeps {
  readonly authority: Authority;
  readonly events: BrokerEvents;
  readonly log: Logger;
  /** Another transport than mutual TLS, for the embedded broker. */
  readonly listener: Listener | undefined;
}

/** The broker that the settings ask for: embedded, or an external one by its address. */
export const openBroker = (settings: MqttSettings, deps: OpenBrokerDeps): Promise<OpenedBroker> =>
  settings.external === undefined
    ? openEmbedded(settings, deps)
    : Promise.resolve(openExternal(settings, settings.external, deps));

const openEmbedded = async (
  { host, port, publicHost }: MqttSettings,
  { authority, events, log, listener }: OpenBrokerDeps,
): Promise<OpenedBroker> => {
  const start = (through: Listener): Promise<Broker> =>
    createEmbeddedBroker({ listener: through, events, limits: DEFAULT_LIMITS, log, now: Date.now });
  if (listener !== undefined) {
    return { broker: await start(listener), host: publicHost, renew: async () => undefined };
  }
  const issue = () => authority.issueServer({ names: [BROKER_NAME] });
  const ca = [authority.rootPem];
  const secure = mutualTlsListener({ host, port, ca, ...(await issue()) });
  return {
    broker: await start(secure),
    host: publicHost,
    renew: async () => secure.renew(await issue()),
  };
};

const openExternal = (
  { publicHost }: MqttSettings,
  external: ExternalBrokerSettings,
  { authority, events, log }: OpenBrokerDeps,
): OpenedBroker => {
  const { host, port, credentials, ca } = external;
  const clientId =
    credentials === undefined ? FLEET_CLIENT : commonNameOf(new X509Certificate(credentials.certificatePem));
  const broker = createExternalBroker({
    // a broker of the fleet's own authority carries the name that gateways look for, whatever its host
    address: { host, port, serverName: ca === undefined ? BROKER_NAME : host, clientId },
    credentials: async () => ({
      ...(credentials ?? (await authority.issueClient({ name: FLEET_CLIENT }))),
      ca: ca === undefined ? [authority.rootPem] : [ca],
    }),
    events,
    limits: DEFAULT_LIMITS,
    log,
    now: Date.now,
    random: Math.random,
  });
  return { broker, host: publicHost ?? host, renew: async () => undefined };
};

const commonNameOf = ({ subject }: X509Certificate): string =>
  /(?:^|\n)CN=(.+)$/m.exec(subject)?.[1] ?? FLEET_CLIENT;

/** An enrolment that answers a gateway when the broker lets it in. */
export const awaitedByBroker = (enrolment: Enrolment, broker: Broker): Enrolment => ({
  ...enrolment,
  enrol: async (request) => {
    const enrolled = await enrolment.enrol(request);
    if (enrolled.state !== 'waiting') await broker.expect(enrolled.response.gatewayId);
    return enrolled;
  },
});
