import type { Worker } from 'node:worker_threads';
import { StoreError } from '../errors.js';
import type { LogWriter } from '../log-store.js';
import type { LogReply } from './log-thread.js';

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

/** The log's writer behind a worker that runs `log-thread`. A worker that dies rejects what waits. */
export const createThreadLog = (worker: Worker): LogWriter => {
  const waiting = new Map<number, Waiting>();
  let last = 0;
  let gone: StoreError | undefined;

  worker.on('message', (reply: LogReply) => {
    const call = waiting.get(reply.id);
    waiting.delete(reply.id);
    if ('error' in reply) call?.reject(new StoreError('failed', reply.error, { retryable: true }));
    else call?.resolve(reply.value as never);
  });
  const fail = (cause: unknown): void => {
    gone ??= new StoreError('closed', 'The log writer has stopped.', { cause });
    for (const call of waiting.values()) call.reject(gone);
    waiting.clear();
  };
  worker.on('error', fail);
  worker.on('exit', fail);

  const call = <Method extends keyof LogWriter>(
    method: Method,
    ...parameters: Parameters<LogWriter[Method]>
  ): ReturnType<LogWriter[Method]> =>
    new Promise((resolve, reject) => {
      if (gone !== undefined) {
        reject(gone);
        return;
      }
      last += 1;
      waiting.set(last, { resolve, reject });
      worker.postMessage({ id: last, method, arguments: parameters });
    }) as ReturnType<LogWriter[Method]>;

  return {
    append: (items) => call('append', items),
    stored: (source, epoch) => call('stored', source, epoch),
    epochs: (source) => call('epochs', source),
    hasDirectory: (source, hash) => call('hasDirectory', source, hash),
    eraseColumns: (erasures) => call('eraseColumns', erasures),
    restore: (entries) => call('restore', entries),
    close: () => call('close'),
  };
};
