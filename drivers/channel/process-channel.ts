import { spawn } from 'node:child_process';
import type { ProgramEndpoint } from '../driver.js';
import { ChannelError } from './channel-error.js';
import type { Channel } from './channel.js';

/** A program that does not end when it is told to is killed after this, ms. */
const END_MS = 2_000;
/** Of what it complains of, the last characters. */
const MOST_COMPLAINT = 500;

const isMissing = (error: Error): boolean => 'code' in error && error.code === 'ENOENT';

/**
 * Starts a program and gives its output as a channel, to which nothing can be written; it is ended with the channel.
 * Rejects with a `ChannelError` (`unreachable`) where the program cannot be started, or with the signal's reason.
 */
export const openProcessChannel = (
  { program, parameters }: ProgramEndpoint,
  signal: AbortSignal,
): Promise<Channel> =>
  new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const child = spawn(program, parameters, { stdio: ['ignore', 'pipe', 'pipe'] });
    let onData: ((bytes: Uint8Array) => void) | undefined;
    let complaint = '';
    child.stdout.on('data', (bytes: Uint8Array) => onData?.(bytes));
    child.stderr.on('data', (bytes: Buffer) => {
      complaint = (complaint + bytes.toString('latin1')).slice(-MOST_COMPLAINT);
    });
    const gone = new Promise<Error | undefined>((ended) => {
      child.once('close', (code, killed) => {
        const why = complaint.trim() === '' ? '' : `: ${complaint.trim()}`;
        ended(new ChannelError('closed', `${program} ended (${killed ?? code})${why}`));
      });
    });
    const abort = (): void => {
      child.kill('SIGKILL');
      reject(signal.reason);
    };
    signal.addEventListener('abort', abort, { once: true });
    child.once('error', (error) => {
      signal.removeEventListener('abort', abort);
      const why = isMissing(error) ? 'is not installed' : `cannot be started: ${error.message}`;
      reject(new ChannelError('unreachable', `${program} ${why}`, error));
    });
    child.once('spawn', () => {
      signal.removeEventListener('abort', abort);
      resolve({
        write: () => Promise.reject(new ChannelError('closed', `nothing is written to ${program}`)),
        onData: (listener) => void (onData = listener),
        onClose: (listener) => void gone.then(listener),
        close: async () => {
          child.kill('SIGTERM');
          const timer = setTimeout(() => child.kill('SIGKILL'), END_MS);
          await gone;
          clearTimeout(timer);
        },
      });
    });
  });
