import type { BrokerEvents, Upstream } from './broker.js';
import type { Fault, Peer, PeerConnection } from './connection.js';
import type { BrokerLimits } from './limits.js';
import type { PacketGuard } from './packet-guard.js';
import { connectFault, type ConnectRequest } from './rules.js';

/** What the broker tells the operator. */
export interface BrokerLog {
  warn(detail: object, event: string): void;
  error(detail: object, event: string): void;
}

export interface SessionDeps {
  readonly events: BrokerEvents;
  readonly limits: BrokerLimits;
  readonly log: BrokerLog;
  /** Called once, when the session is over. */
  readonly ended: (session: Session) => void;
}

/** One connection from its first byte to its end, whatever ends it. */
export class Session {
  readonly #deps: SessionDeps;
  readonly #connection: PeerConnection;
  readonly #guard: PacketGuard;
  readonly #outgoing = new Set<() => void>();
  #disconnect: () => void = () => undefined;
  #peer: Peer | undefined;
  #will: object | undefined;
  #fault: Fault | undefined;
  #state: 'connecting' | 'open' | 'ended' = 'connecting';
  #waitingMessages = 0;
  #waitingBytes = 0;
  #outgoingBytes = 0;
  /** Whether it asked for its down topics. */
  subscribed = false;

  constructor(connection: PeerConnection, guard: PacketGuard, deps: SessionDeps) {
    this.#connection = connection;
    this.#guard = guard;
    this.#deps = deps;
    guard.once('close', () => this.end());
  }

  /** Hands over what closes the protocol side. */
  attach(disconnect: () => void): void {
    this.#disconnect = disconnect;
  }

  /** Who is there; known from the CONNECT on. */
  get peer(): Peer | undefined {
    return this.#peer;
  }

  get fault(): Fault | undefined {
    return this.#fault;
  }

  get open(): boolean {
    return this.#state === 'open';
  }

  get ended(): boolean {
    return this.#state === 'ended';
  }

  /** Bytes handed over and not yet taken by the connection. */
  get outgoingBytes(): number {
    return this.#outgoingBytes;
  }

  isWill(packet: object): boolean {
    return packet === this.#will;
  }

  /** Judges the CONNECT; what is refused here is answered, not dropped. */
  judge(request: ConnectRequest): void {
    this.#peer = this.#connection.identify(request.clientId);
    this.#will = request.will;
    const fault = connectFault(request, this.#peer, this.#deps.limits);
    if (fault !== undefined) this.refuse(fault);
  }

  /** Notes a fault of the other side, the first one only. */
  refuse(fault: Fault): void {
    if (this.#fault !== undefined || this.ended) return;
    this.#fault = fault;
    const detail = `${fault.detail} (from ${this.#connection.address})`;
    const gatewayId = this.#peer?.gatewayId;
    this.#tell('refused', () => this.#deps.events.refused({ gatewayId, code: fault.code, detail }));
  }

  opened(): void {
    const gatewayId = this.#peer?.gatewayId;
    if (this.#state !== 'connecting' || gatewayId === undefined) return;
    this.#state = 'open';
    this.#tell('opened', () => this.#deps.events.opened(gatewayId));
  }

  /** Hands one message to the store, and stops reading the connection while too many wait there. */
  async receive(message: Upstream): Promise<void> {
    const bytes = message.payload.length;
    this.#waiting(1, bytes);
    try {
      await this.#deps.events.received(message);
    } finally {
      this.#waiting(-1, -bytes);
    }
  }

  #waiting(messages: number, bytes: number): void {
    this.#waitingMessages += messages;
    this.#waitingBytes += bytes;
    const { maxWaitingMessages, maxWaitingBytes } = this.#deps.limits;
    this.#guard.hold(this.#waitingMessages >= maxWaitingMessages || this.#waitingBytes >= maxWaitingBytes);
  }

  /** Resolves when `send` calls back, or the session ends. */
  deliver(bytes: number, send: (done: () => void) => void): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        if (!this.#outgoing.delete(done)) return;
        this.#outgoingBytes -= bytes;
        resolve();
      };
      this.#outgoing.add(done);
      this.#outgoingBytes += bytes;
      send(done);
    });
  }

  end(): void {
    if (this.ended) return;
    const wasOpen = this.open;
    this.#state = 'ended';
    this.#disconnect();
    this.#guard.destroy();
    for (const done of this.#outgoing) done();
    this.#deps.ended(this);
    const gatewayId = this.#peer?.gatewayId;
    if (wasOpen && gatewayId !== undefined) this.#tell('closed', () => this.#deps.events.closed(gatewayId));
  }

  /** A listener that throws must not take the broker with it. */
  #tell(event: string, call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#deps.log.error({ err: error, event, gatewayId: this.#peer?.gatewayId }, 'broker event failed');
    }
  }
}
