import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync } from 'node:fs';
import { join, resolve } from 'node:path';

const SOCKET_NAME = 'agent.sock';
/** What systemd makes for the agent, in memory (`RuntimeDirectory=`). */
export const RUNTIME_FOLDER = '/run/terroir-agent';
/** sun_path of Linux, unix(7), less its closing zero. */
const MAX_SOCKET_PATH_BYTES = 107;

/** A path that is short enough to be bound or connected to, until it is released. */
export interface SocketPlace {
  readonly path: string;
  readonly release: () => void;
}

/** A unix socket's path is short; in a deep folder it goes through the folder's open descriptor. */
const placeIn = (folder: string, name: string): SocketPlace => {
  const path = join(folder, name);
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES) return { path, release: () => undefined };
  const descriptor = openSync(folder, 'r');
  return { path: `/proc/self/fd/${descriptor}/${name}`, release: () => closeSync(descriptor) };
};

/**
 * Where the socket of a data folder's agent may be: in the folder, and in memory where the folder's disk takes none. There it
 * has the folder in its name.
 */
export const socketPlaces = (dataFolder: string, runtimeFolder: string): readonly SocketPlace[] => {
  const name = createHash('sha256').update(resolve(dataFolder)).digest('hex').slice(0, 16);
  return [
    ...(existsSync(dataFolder) ? [placeIn(dataFolder, SOCKET_NAME)] : []),
    ...(existsSync(runtimeFolder) ? [placeIn(runtimeFolder, `${name}.sock`)] : []),
  ];
};
