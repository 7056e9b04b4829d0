import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { Registry as Metrics } from 'prom-client';
import type { Access } from '../access/access.js';
import type { Heads } from '../access/audit/heads.js';
import type { Feed } from '../feed/feed.js';
import type { SealErasure } from '../erasure/open-sealer.js';
import type { Enrolment } from '../registry/enrolment.js';
import type { GatewayControl } from '../registry/gateway-control.js';
import type { Organisations } from '../registry/organisations/organisations.js';
import type { Renewal } from '../registry/renewal.js';
import type { Sharing } from '../sharing/sharing.js';
import type { ThemeCatalogue } from '../sharing/themes.js';
import type { UsageLedger } from '../sharing/usage/usage-ledger.js';
import type { Template } from '../sharing/templates.js';
import type { RegistryStore } from '../store/registry-store.js';
import type { ViewsReader } from '../store/views-store.js';
import type { Prover } from '../proof/prover.js';
import type { Cursors } from './cursor.js';

/** What routes are made of; everything outside HTTP. */
export interface HttpContext extends Access {
  /** Signed heads of audit trails. */
  readonly auditHeads: Heads;
  readonly enrolment: Enrolment;
  readonly renewal: Renewal;
  readonly gatewayControl: GatewayControl;
  readonly registry: Pick<
    RegistryStore,
    | 'organisations'
    | 'addCommand'
    | 'enrolmentTokensIn'
    | 'enrolmentTokenIn'
    | 'revokeEnrolmentToken'
    | 'heldClaimsIn'
    | 'heldClaimIn'
    | 'gateway'
    | 'person'
    | 'personIn'
    | 'audit'
    | 'usage'
    | 'people'
    | 'peopleIn'
    | 'erasePerson'
    | 'identitiesOf'
    | 'record'
    | 'records'
    | 'recordIn'
    | 'recordsIn'
    | 'actsIn'
    | 'agreements'
    | 'agreement'
    | 'datasets'
    | 'dataset'
    | 'placements'
    | 'heldBy'
  >;
  readonly organisations: Organisations;
  /** Agreements and datasets. */
  readonly sharing: Sharing;
  /** Themes of datasets. */
  readonly themes: ThemeCatalogue;
  /** Who used whose data for what. */
  readonly usage: UsageLedger;
  /** Of agreements, by name. */
  readonly templates: ReadonlyMap<string, Template>;
  readonly views: ViewsReader;
  readonly feed: Feed;
  readonly proofs: Prover;
  /** Signs what an erasure took. */
  readonly sealErasure: SealErasure;
  readonly cursors: Cursors;
  readonly metrics: Metrics;
  readonly health: () => Health;
  /** A command waits for its gateway. */
  readonly commandAdded: () => void;
  /** A gateway was revoked: its session is to end. */
  readonly gatewayRevoked: () => void;
  readonly now: () => number;
  readonly newId: () => string;
}

export interface Health {
  readonly status: 'ok' | 'degraded';
  readonly version: string;
  /** Position of the newest log entry, and how far the projections are behind it. */
  readonly log: { readonly head: number; readonly lag: number };
}

/** The server with TypeBox schemas as its types. */
export type Server = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

export type Routes = (server: Server, context: HttpContext) => void;
