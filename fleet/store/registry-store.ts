import type { Directory } from '#wire/directory.js';
import type { AgreementsStore } from './agreements-store.js';
import type { AuditStore } from './audit-store.js';
import type { IdentityStore } from './identity-store.js';
import type { OperationsStore } from './operations-store.js';
import type { OrganisationsStore, OrganisationType } from './organisations-store.js';
import type { PeopleStore } from './people-store.js';
import type { UsageStore } from './usage-store.js';

/** Organisations, people, gateways, devices, locations and points: what is, beside what was measured. */
export interface RegistryStore
  extends OperationsStore, OrganisationsStore, PeopleStore, IdentityStore, AgreementsStore {
  /** All of them, by id; the same array until one of them changes. */
  organisations(): readonly Organisation[];
  addOrganisation(organisation: Organisation): void;

  gateway(id: string): Gateway | undefined;
  gateways(): readonly Gateway[];
  /** Writes what the gateway last said of itself. */
  noteGateway(id: string, note: Partial<GatewayState>): void;
  /** Writes what the gateway said of one of its epochs; gives what it had said before. */
  noteEpoch(id: string, note: EpochNote): EpochNote | undefined;
  /** At the start of the service nobody is connected, whatever was written before. */
  forgetConnections(): void;

  /** A secret of this fleet (the key of cursors, ...), made once with `make`. */
  secret(name: string, make: () => Uint8Array): Uint8Array;

  /**
   * Finds or makes the devices, locations, installations and points of a gateway's directory, from `at` on.
   * Gives the internal number of each directory point, by its directory number. Idempotent.
   */
  resolve(gatewayId: string, directory: Directory, at: number): ReadonlyMap<number, ResolvedPoint>;
  readonly audit: AuditStore;
  readonly usage: UsageStore;
  close(): void;
}

export interface Organisation {
  readonly id: string;
  readonly parentId: string | null;
  readonly name: string;
  readonly type: OrganisationType;
  /** INSEE commune or SIREN. */
  readonly code: string | null;
  /** IANA zone of its legal days. */
  readonly timeZone: string;
}

export interface Gateway extends GatewayState {
  readonly id: string;
  readonly organisationId: string;
  readonly name: string;
  readonly createdAt: number;
  /** Since when it is refused for good. */
  readonly revokedAt?: number | null;
}

/** What a hello says of one epoch of a gateway's buffer. */
export interface EpochNote {
  readonly epoch: string;
  readonly at: number;
  readonly lastSealed: number;
  /** Last ordinal that was stored there. */
  readonly lastOrdinal: number;
  /** Rows of those that no batch carries yet; `null`: it did not say. */
  readonly unsealed: number | null;
}

export interface GatewayState {
  readonly connected: boolean;
  readonly lastSeen: number | null;
  readonly epoch: string | null;
  readonly agentVersion: string | null;
  readonly clockState: string | null;
  readonly lastError: string | null;
  /** The last health message, as JSON. */
  readonly health: string | null;
}

/** A point as projections need it. */
export interface ResolvedPoint {
  /** Internal number: what rows carry. */
  readonly number: number;
  readonly id: string;
  /** IANA zone of the legal days of its organisation. */
  readonly timeZone: string;
}
