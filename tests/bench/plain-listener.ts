import { createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import type { Listener } from '../../fleet/broker/connection.js';

/** MQTT without TLS, the client id taken at its word: composed here to measure what lies behind the transport. */
export const plainListener = (thumbprintOf: (gatewayId: string) => string): Listener => {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true });
  return {
    listen: async (handlers) => {
      server.on('connection', (socket) => {
        sockets.add(socket);
        socket.once('close', () => sockets.delete(socket));
        handlers.connection({
          socket,
          address: 'loopback',
          identify: (clientId) => ({ gatewayId: clientId, thumbprint: thumbprintOf(clientId) }),
        });
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const address = server.address();
      if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port');
      return address.port;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
};
