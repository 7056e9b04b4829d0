import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { eventually } from './eventually.js';

const PATIENCE_MS = 30_000;

export interface Mosquitto {
  /** All it said. */
  output(): string;
  /** Has it read its list of revoked certificates again. */
  reload(): void;
  stop(): Promise<void>;
}

/** Starts mosquitto with the configuration in this folder, as it is, and waits until it listens. */
export const startMosquitto = async (folder: string, port: number): Promise<Mosquitto> => {
  if (process.getuid?.() === 0) {
    // started by root it becomes the user of its package, whose the files must be
    chmodSync(dirname(folder), 0o755);
    execFileSync('chown', ['-R', 'mosquitto:', folder]);
  }
  const child = spawn('mosquitto', ['-c', `${folder}/mosquitto.conf`], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(child, 'close');
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  try {
    await eventually(async () => child.exitCode !== null || (await listens(port)), PATIENCE_MS);
    if (child.exitCode !== null) throw new Error(`mosquitto does not start:\n${output}`);
  } catch (error) {
    await stop();
    throw error;
  }
  return { output: () => output, reload: () => void child.kill('SIGHUP'), stop };
};

const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
