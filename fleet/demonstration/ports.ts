import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

const LOWEST = 10_000;
/** Where Linux begins to take ports for outgoing connections (`ip_local_port_range`). */
const OUTGOING = 32_768;

/**
 * A port that nobody listens on now, below those of outgoing connections: one of these would take it between this look and its
 * use, and then nobody can listen there.
 */
export const freePort = async (): Promise<number> => {
  for (;;) {
    const port = randomInt(LOWEST, OUTGOING);
    if (await portIsFree(port, '0.0.0.0')) return port;
  }
};

/** Whether a server can listen on this port now. */
export const portIsFree = async (port: number, host: string): Promise<boolean> => {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
    server.close();
    await once(server, 'close');
    return true;
  } catch {
    return false;
  }
};
