import { createServer, type Socket } from 'node:net';
import { withCrc } from '../../drivers/modbus/crc16.js';

export interface ModbusPeer {
  readonly port: number;
  /** Connections made so far. */
  connections(): number;
  close(): Promise<void>;
}

/** What a unit answers to a request (unit, function, data), in the same shape; `undefined`: nothing. */
export type Answering = (request: Uint8Array) => readonly number[] | undefined;

export interface PeerLine {
  /** Sends each request back first, as an adapter does that hears itself. */
  readonly echoes: boolean;
  /** How long a unit thinks over a request, ms. */
  readonly thinks?: (request: Uint8Array) => number;
}

/** Unit(s) behind a serial server: RTU frames over TCP, whole requests at a time. */
export const startRtuPeer = async (answer: Answering, line: PeerLine): Promise<ModbusPeer> => {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (frame: Uint8Array) => {
      const reply = answer(frame.slice(0, -2));
      const echo = line.echoes ? [...frame] : [];
      const bytes = Uint8Array.from([
        ...echo,
        ...(reply === undefined ? [] : withCrc(Uint8Array.from(reply))),
      ]);
      // In two parts, cut where an echo is not yet whole.
      const say = (): void => {
        socket.write(bytes.subarray(0, 5));
        setTimeout(() => socket.write(bytes.subarray(5)), 5);
      };
      const thinks = line.thinks?.(frame) ?? 0;
      if (thinks === 0) say();
      else setTimeout(say, thinks);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return {
    port: address.port,
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        sockets.forEach((socket) => socket.destroy());
      }),
  };
};
