import { connect as connectTls } from 'node:tls';

export interface Dial {
  readonly port: number;
  readonly ca: string;
  readonly key?: string;
  readonly cert?: string;
}

/** What a connection heard until it ended. */
export interface Heard {
  readonly bytes: Buffer;
  /** Whether the other side ended it; `false`: it was still open when patience ran out. */
  readonly ended: boolean;
}

/** CONNACK that accepts. */
const ACCEPTED = Buffer.of(0x20, 2, 0, 0);

/** Whether a session was opened for this connection. */
export const wasAccepted = ({ bytes }: Heard): boolean => bytes.subarray(0, 4).equals(ACCEPTED);

/** Opens TLS, says `first`, then `second` once a session is accepted, and listens until the end. */
export const say = (
  dial: Dial,
  first: Uint8Array,
  second?: Uint8Array,
  patienceMs = 30_000,
): Promise<Heard> =>
  new Promise((resolve) => {
    const { port, ca, key, cert } = dial;
    const socket = connectTls({ host: '127.0.0.1', port, ca, key, cert });
    const chunks: Buffer[] = [];
    let told = second === undefined;
    const end = (ended: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ bytes: Buffer.concat(chunks), ended });
    };
    const timer = setTimeout(() => end(false), patienceMs);
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      if (told || !wasAccepted({ bytes: Buffer.concat(chunks), ended: false })) return;
      told = true;
      socket.write(second ?? Buffer.alloc(0));
    });
    socket.on('error', () => undefined);
    socket.once('close', () => end(true));
    socket.write(first);
  });
