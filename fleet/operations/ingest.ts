import { WireError } from '#wire/errors.js';
import type { BrokerEvents, Upstream } from '../broker/broker.js';
import type { Door } from '../log/door.js';
import { LRUCache } from 'lru-cache';
import type { RegistryStore } from '../store/registry-store.js';
import type { Reception } from './reception.js';

/** `lastSeen` is written at most this often for each gateway, ms. */
const SEEN_EVERY_MS = 5000;
/** Gateways of which it is remembered when that was. */
const MOST_SEEN = 10_000;

export interface IngestDeps {
  readonly door: Door;
  readonly reception: Reception;
  readonly registry: Pick<
    RegistryStore,
    'gateway' | 'gateways' | 'certificate' | 'noteGateway' | 'noteCertificateUsed' | 'revocation'
  >;
  /** Whether what this gateway sends is refused: an external broker may keep its session open. */
  readonly isRevoked: (gatewayId: string) => boolean;
  readonly now: () => number;
  readonly log: {
    info(detail: object, event: string): void;
    warn(detail: object, event: string): void;
  };
  readonly countRefused: (code: string) => void;
}

/** Who may hold a session, and where each message of a gateway goes. */
export const createIngest = (deps: IngestDeps): BrokerEvents => {
  const seen = new LRUCache<string, number>({ max: MOST_SEEN });
  const note = (gatewayId: string, at: number): void => {
    if (at - (seen.get(gatewayId) ?? 0) < SEEN_EVERY_MS) return;
    seen.set(gatewayId, at);
    deps.registry.noteGateway(gatewayId, { lastSeen: at });
  };
  return {
    admit: (gatewayId, thumbprint) => admission(deps, gatewayId, thumbprint),
    hears: (gatewayId) => hearing(deps, gatewayId),
    heard: () =>
      deps.registry
        .gateways()
        .map(({ id }) => id)
        .filter((id) => hearing(deps, id).admitted),
    received: async (message) => {
      if (deps.isRevoked(message.gatewayId)) {
        deps.countRefused('revoked');
        throw new Error('This gateway is revoked.');
      }
      note(message.gatewayId, message.receivedAt);
      try {
        await route(deps, message);
      } catch (error) {
        const code = error instanceof WireError ? error.code : 'refused';
        const lastError = `${message.kind}: ${error instanceof Error ? error.message : String(error)}`;
        deps.registry.noteGateway(message.gatewayId, { lastError });
        deps.countRefused(code);
        throw error;
      }
    },
    opened: (gatewayId) => {
      seen.set(gatewayId, deps.now());
      deps.registry.noteGateway(gatewayId, { connected: true, lastSeen: deps.now() });
      deps.log.info({ gatewayId }, 'gateway connected');
    },
    closed: (gatewayId) => {
      seen.delete(gatewayId);
      deps.registry.noteGateway(gatewayId, { connected: false, lastSeen: deps.now() });
      deps.log.info({ gatewayId }, 'gateway disconnected');
    },
    refused: (fault) => {
      deps.countRefused(fault.code);
      deps.log.warn(fault, 'session refused');
    },
  };
};

const refused = (why: string): ReturnType<BrokerEvents['admit']> => ({ admitted: false, why });

const admission = (
  deps: IngestDeps,
  gatewayId: string,
  thumbprint: string,
): ReturnType<BrokerEvents['admit']> => {
  const { registry } = deps;
  const certificate = registry.certificate(thumbprint);
  if (certificate === undefined) return refused('unknown certificate');
  if (certificate.gatewayId !== gatewayId) return refused('certificate of another gateway');
  if (registry.gateway(gatewayId) === undefined) return refused('unknown gateway');
  const revocation = registry.revocation(gatewayId);
  if (revocation !== undefined || certificate.revokedAt !== undefined) return refused('revoked certificate');
  if (certificate.supersededAt !== undefined) return refused('superseded certificate');
  registry.noteCertificateUsed(thumbprint, deps.now());
  return { admitted: true };
};

const hearing = (
  { registry, isRevoked }: IngestDeps,
  gatewayId: string,
): ReturnType<BrokerEvents['hears']> => {
  if (isRevoked(gatewayId)) return refused('revoked gateway');
  return registry.gateway(gatewayId) === undefined ? refused('unknown gateway') : { admitted: true };
};

const route = async (deps: IngestDeps, message: Upstream): Promise<void> => {
  const { gatewayId, kind, payload, receivedAt } = message;
  switch (kind) {
    case 'batch':
      return deps.door.batch(gatewayId, payload, receivedAt);
    case 'directory':
      return deps.door.directory(gatewayId, payload, receivedAt);
    case 'hello':
      return deps.reception.hello(gatewayId, payload);
    case 'status':
      deps.reception.status(gatewayId, payload);
      return;
    case 'health':
      deps.reception.health(gatewayId, payload);
      return;
    case 'result':
      deps.reception.result(gatewayId, payload);
      return;
  }
};
