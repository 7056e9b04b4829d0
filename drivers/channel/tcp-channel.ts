import { connect, type Socket } from 'node:net';
import type { Endpoint } from '../driver.js';
import type { Channel } from './channel.js';
import { ChannelError } from './channel-error.js';
import { createStreamChannel } from './stream-channel.js';

const CONNECT_TIMEOUT_MS = 3_000;
/** Finds a peer that vanished without a word, while nothing is asked of it. */
const KEEPALIVE_MS = 60_000;

/** A channel over a connected socket, either side's. */
export const createSocketChannel = (socket: Socket): Channel => {
  socket.setNoDelay(true);
  socket.setKeepAlive(true, KEEPALIVE_MS);
  return createStreamChannel(socket, {
    write: (bytes, done) => void socket.write(bytes, done),
    end: () => void socket.destroy(),
  });
};

/**
 * Connects; rejects with a `ChannelError` (`unreachable`) when that fails or takes longer than `timeoutMs`, or with
 * the signal's reason.
 */
export const openTcpChannel = (
  { host, port }: Extract<Endpoint, { type: 'tcp' }>,
  signal: AbortSignal,
  timeoutMs = CONNECT_TIMEOUT_MS,
): Promise<Channel> =>
  new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const socket = connect({ host, port });
    const settle = (finish: () => void) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      socket.removeAllListeners('error').removeAllListeners('connect');
      finish();
    };
    const fail = (reason: unknown) =>
      settle(() => {
        socket.on('error', () => {});
        socket.destroy();
        reject(reason);
      });
    const unreachable = (why: string, cause?: Error) =>
      fail(new ChannelError('unreachable', `${host}:${port} cannot be reached: ${why}`, cause));
    const abort = () => fail(signal.reason);
    const timer = setTimeout(() => unreachable(`no answer within ${timeoutMs} ms`), timeoutMs);
    signal.addEventListener('abort', abort, { once: true });
    socket.once('error', (error) => unreachable(error.message, error));
    socket.once('connect', () => settle(() => resolve(createSocketChannel(socket))));
  });
