import type { DownKind, UpKind } from '#wire/topics.js';

/** The one way to the gateways; only this folder knows which broker carries it. */
export interface Broker {
  /** Address that gateways connect to. */
  readonly port: number;
  /** Resolves once handed to the gateway's session; does nothing where none is open. */
  publish(gatewayId: string, kind: DownKind, payload: Uint8Array): Promise<void>;
  connected(gatewayId: string): boolean;
  disconnect(gatewayId: string, why: string): void;
  /** A gateway was enrolled: resolves when it may connect. Never rejects: it goes on trying until it may. */
  expect(gatewayId: string): Promise<void>;
  close(): Promise<void>;
}

/** What the fleet answers to the broker. */
export interface BrokerEvents {
  /** May this certificate hold a session now? */
  admit(gatewayId: string, thumbprint: string): Admission;
  /** Are messages of this gateway taken now? Asked where only its id is known, as behind an external broker. */
  hears(gatewayId: string): Admission;
  /** Ids of all gateways of which `hears` says yes. */
  heard(): readonly string[];
  /** One message; the PUBACK waits for the promise, so that a slow store slows its senders. */
  received(message: Upstream): Promise<void>;
  opened(gatewayId: string): void;
  closed(gatewayId: string): void;
  /** A session was refused or ended for a fault of the other side. */
  refused(fault: {
    readonly gatewayId: string | undefined;
    readonly code: string;
    readonly detail: string;
  }): void;
}

export interface Upstream {
  readonly gatewayId: string;
  readonly kind: UpKind;
  readonly payload: Uint8Array;
  /** UTC ms. */
  readonly receivedAt: number;
}

export type Admission = { readonly admitted: true } | { readonly admitted: false; readonly why: string };
