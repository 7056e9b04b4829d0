import { once } from 'node:events';
import { ServerTCP, type IServiceVector } from 'modbus-serial';
import { freePort } from '../../fleet/demonstration/ports.js';

/** modbus-serial's own server on this machine: nothing of ours answers there. */
export const openForeignServer = async (
  vector: IServiceVector,
  unitID: number,
): Promise<{ readonly port: number; readonly close: () => Promise<void> }> => {
  // It takes 0 for 502.
  const port = await freePort();
  const server = new ServerTCP(vector, { host: '127.0.0.1', port, unitID });
  await Promise.race([
    once(server, 'initialized'),
    once(server, 'serverError').then(([error]) => {
      throw error;
    }),
  ]);
  return { port, close: () => new Promise((resolve) => server.close(() => resolve())) };
};
