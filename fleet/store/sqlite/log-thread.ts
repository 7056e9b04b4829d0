import { parentPort, workerData } from 'node:worker_threads';
import type { LogWriter } from '../log-store.js';
import { openLogWriter } from './log-writer.js';

/** Worker entry: the log's writer off the event loop. `workerData` is the path of log.db. */

export type LogCall = {
  [Method in keyof LogWriter]: {
    readonly id: number;
    readonly method: Method;
    readonly arguments: Parameters<LogWriter[Method]>;
  };
}[keyof LogWriter];

export type LogReply =
  { readonly id: number; readonly value: unknown } | { readonly id: number; readonly error: string };

const port = parentPort;
if (port === null || typeof workerData !== 'string') {
  throw new TypeError('log-thread runs as a worker with the path of log.db');
}
const writer = openLogWriter(workerData);

const run = (call: LogCall): Promise<unknown> => {
  switch (call.method) {
    case 'append':
      return writer.append(...call.arguments);
    case 'stored':
      return writer.stored(...call.arguments);
    case 'epochs':
      return writer.epochs(...call.arguments);
    case 'hasDirectory':
      return writer.hasDirectory(...call.arguments);
    case 'eraseColumns':
      return writer.eraseColumns(...call.arguments);
    case 'restore':
      return writer.restore(...call.arguments);
    case 'close':
      return writer.close();
  }
};

port.on('message', (call: LogCall) => {
  run(call).then(
    (value) => {
      port.postMessage({ id: call.id, value } satisfies LogReply);
      if (call.method === 'close') port.close();
    },
    (error: unknown) => {
      const text = error instanceof Error ? error.message : String(error);
      port.postMessage({ id: call.id, error: text } satisfies LogReply);
    },
  );
});
