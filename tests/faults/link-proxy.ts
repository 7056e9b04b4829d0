import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { sleep } from './fault-test.js';

/** What a link does to the connections that go through it. */
export type LinkFault =
  /** Ends a connection after so many bytes in that direction. */
  | { readonly type: 'cut' | 'reset'; readonly direction: 'up' | 'down'; readonly afterBytes: number }
  /** Every byte takes this long, in that direction where one is named. */
  | { readonly type: 'delay'; readonly ms: number; readonly direction?: 'up' | 'down' }
  /** Nothing passes any more, and nobody is told. */
  | { readonly type: 'half-open' }
  /** A portal answers in the fleet's place. */
  | { readonly type: 'captive' }
  /** Connections are taken, and nothing is said. */
  | { readonly type: 'silent' };

const PORTAL =
  'HTTP/1.1 302 Found\r\nLocation: http://portal.example/login\r\nContent-Type: text/html\r\n' +
  'Content-Length: 34\r\n\r\n<html><body>Log in!</body></html>\n';

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
  /** Bytes in each direction since the fault began. */
  up: number;
  down: number;
  /** Pieces that are on their way, in order. */
  readonly delayed: Record<'up' | 'down', Promise<void> | undefined>;
}

/** The link between a gateway and its fleet: a TCP proxy that fails in every way that a link can. */
export class LinkProxy {
  readonly #server: Server;
  readonly #target: number;
  readonly #pairs = new Set<Pair>();
  readonly #others = new Set<Socket>();
  #fault: LinkFault | undefined;
  #watch: ((direction: 'up' | 'down', bytes: number) => boolean) | undefined;
  #port = 0;
  /** Monotonic ms of each connection that was asked for. */
  readonly connections: number[] = [];

  constructor(targetPort: number) {
    this.#target = targetPort;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  get port(): number {
    return this.#port;
  }

  /** Bytes that went up so far through the connections that are open. */
  get openBytes(): number {
    return [...this.#pairs].reduce((sum, { up }) => sum + up, 0);
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    this.#port = typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** From now on this is wrong with the link, also with what is open; `undefined`: nothing. */
  set fault(fault: LinkFault | undefined) {
    this.#fault = fault;
    for (const pair of this.#pairs) [pair.up, pair.down] = [0, 0];
    if (fault === undefined) for (const socket of this.#others) socket.destroy();
  }

  /** Is asked of each piece before it is passed on; those that it refuses are swallowed. */
  set watch(watch: ((direction: 'up' | 'down', bytes: number) => boolean) | undefined) {
    this.#watch = watch;
  }

  cut(): void {
    for (const { near, far } of this.#pairs) {
      near.destroy();
      far.destroy();
    }
  }

  async close(): Promise<void> {
    this.cut();
    for (const socket of this.#others) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(near: Socket): void {
    this.connections.push(performance.now());
    near.on('error', () => near.destroy());
    const fault = this.#fault?.type;
    if (fault === 'captive' || fault === 'silent' || fault === 'half-open') {
      this.#others.add(near);
      near.once('close', () => this.#others.delete(near));
      near.resume();
      if (fault === 'captive') near.once('data', () => near.end(PORTAL));
      return;
    }
    const far = createConnection({ host: '127.0.0.1', port: this.#target });
    const pair: Pair = { near, far, up: 0, down: 0, delayed: { up: undefined, down: undefined } };
    this.#pairs.add(pair);
    far.on('error', () => far.destroy());
    near.setNoDelay(true);
    far.setNoDelay(true);
    near.on('data', (bytes: Buffer) => this.#pass(pair, 'up', bytes));
    far.on('data', (bytes: Buffer) => this.#pass(pair, 'down', bytes));
    near.once('close', () => this.#closed(pair));
    far.once('close', () => this.#closed(pair));
  }

  /** A half-open link does not tell one end that the other is gone. */
  #closed(pair: Pair): void {
    this.#pairs.delete(pair);
    if (this.#fault?.type === 'half-open') {
      this.#others.add(pair.near);
      pair.far.destroy();
      return;
    }
    pair.near.destroy();
    pair.far.destroy();
  }

  #pass(pair: Pair, direction: 'up' | 'down', bytes: Buffer): void {
    const fault = this.#fault;
    const to = direction === 'up' ? pair.far : pair.near;
    pair[direction] += bytes.length;
    if (this.#watch !== undefined && !this.#watch(direction, bytes.length)) return;
    switch (fault?.type) {
      case 'half-open':
      case 'silent':
        return;
      case 'delay':
        if ((fault.direction ?? direction) !== direction) break;
        this.#delay(pair, direction, bytes, fault.ms);
        return;
      case 'cut':
      case 'reset':
        if (fault.direction === direction && pair[direction] >= fault.afterBytes) {
          const passed = bytes.length - (pair[direction] - fault.afterBytes);
          to.write(bytes.subarray(0, Math.max(0, passed)));
          this.#breakOff(pair, fault.type);
          return;
        }
        break;
      default:
    }
    if (pair.delayed[direction] !== undefined) this.#delay(pair, direction, bytes, 0);
    else if (!to.destroyed) to.write(bytes);
  }

  /** Nothing overtakes what is on its way. */
  #delay(pair: Pair, direction: 'up' | 'down', bytes: Buffer, ms: number): void {
    const to = direction === 'up' ? pair.far : pair.near;
    const arrives = Promise.all([pair.delayed[direction], sleep(ms)]).then(() => {
      if (!to.destroyed) to.write(bytes);
      if (pair.delayed[direction] === arrives) pair.delayed[direction] = undefined;
    });
    pair.delayed[direction] = arrives;
  }

  #breakOff({ near, far }: Pair, how: 'cut' | 'reset'): void {
    if (how === 'reset') near.resetAndDestroy();
    else near.destroySoon();
    far.destroySoon();
  }
}
