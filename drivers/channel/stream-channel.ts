import type { Duplex } from 'node:stream';
import type { Channel } from './channel.js';
import { ChannelError } from './channel-error.js';

/** What differs between transports. */
export interface Transport {
  /** Calls back once the bytes have left this machine's hands. */
  write(bytes: Uint8Array, done: (error?: Error | null) => void): void;
  /** Ends the stream at once; it then emits `close`. */
  end(): void;
}

const asError = (value: unknown): Error | undefined => (value instanceof Error ? value : undefined);

/** A channel over an open Node stream. */
export const createStreamChannel = (stream: Duplex, transport: Transport): Channel => {
  let onData: ((bytes: Uint8Array) => void) | undefined;
  let failure: Error | undefined;
  let open = true;
  /** Serial writes get no callback when the port goes: their promises must not hang. */
  const writing = new Set<(cause: unknown) => void>();
  const gone = new Promise<void>((resolve) => {
    stream.once('close', (reason?: unknown) => {
      open = false;
      failure ??= asError(reason);
      for (const refuse of writing) refuse(failure);
      resolve();
    });
  });
  stream.on('error', (error: Error) => (failure ??= error));
  stream.on('data', (bytes: Uint8Array) => onData?.(bytes));

  const write = (bytes: Uint8Array): Promise<void> =>
    new Promise((resolve, reject) => {
      const refuse = (cause: unknown) => {
        writing.delete(refuse);
        reject(new ChannelError('closed', 'the line is closed', cause));
      };
      if (!open || !stream.writable) return refuse(failure);
      writing.add(refuse);
      transport.write(bytes, (error) => {
        if (error) return refuse(error);
        writing.delete(refuse);
        resolve();
      });
    });

  return {
    write,
    onData: (listener) => void (onData = listener),
    onClose: (listener) => void gone.then(() => listener(failure)),
    close: async () => {
      transport.end();
      await gone;
    },
  };
};
