import { createServer } from 'node:net';
import { once } from 'node:events';
import { nmeaSentences } from '../../drivers/nmea/simulator/nmea-server.js';
import type { Profile } from '../../drivers/profile.js';
import { createPointValues } from '../../drivers/simulator/point-values.js';
import type { Simulator } from '../../drivers/simulator/start-simulator.js';

const EVERY_MS = 100;

/** A receiver behind a TCP port that says its sentences ten times a second. */
export const speakTenTimes = async (profile: Profile): Promise<Simulator> => {
  const values = createPointValues(1);
  const server = createServer((socket) => {
    const speak = (): void => {
      socket.write(nmeaSentences({ address: '', profile, values }, Date.now()));
    };
    const timer = setInterval(speak, EVERY_MS);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => clearInterval(timer));
    sockets.add(socket);
  });
  const sockets = new Set<{ destroy(): void }>();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
};
