/** Who is there, as far as their messages tell: an external broker tells of no session but by its will. */
export class Presence {
  readonly #here = new Set<string>();
  readonly #opened: (gatewayId: string) => void;
  readonly #closed: (gatewayId: string) => void;

  constructor(told: {
    readonly opened: (gatewayId: string) => void;
    readonly closed: (gatewayId: string) => void;
  }) {
    this.#opened = told.opened;
    this.#closed = told.closed;
  }

  has(gatewayId: string): boolean {
    return this.#here.has(gatewayId);
  }

  /** It said something. */
  heard(gatewayId: string): void {
    if (this.#here.has(gatewayId)) return;
    this.#here.add(gatewayId);
    this.#opened(gatewayId);
  }

  left(gatewayId: string): void {
    if (this.#here.delete(gatewayId)) this.#closed(gatewayId);
  }

  /** Wills may have been missed: whoever is there says so with its next message. */
  unknown(): void {
    for (const gatewayId of this.#here) this.left(gatewayId);
  }
}
