import { parentPort, type MessagePort } from 'node:worker_threads';
import { keepCollecting } from '../local/memory.js';
import type { Buffer } from './buffer.js';
import { asBufferError, BufferError } from './buffer-error.js';
import { openBuffer } from './open-buffer.js';
import type { Call, Opened, OpenCall, Reply } from './thread-messages.js';

const dispatch = async (buffer: Buffer, call: Call): Promise<unknown> => {
  switch (call.method) {
    case 'setSigner':
      return buffer.setSigner(...call.args);
    case 'definePoints':
      return buffer.definePoints(...call.args);
    case 'useDirectory':
      return buffer.useDirectory(...call.args);
    case 'directories':
      return buffer.directories(...call.args);
    case 'ackDirectories':
      return buffer.ackDirectories(...call.args);
    case 'append':
      return buffer.append(...call.args);
    case 'declare':
      return buffer.declare(...call.args);
    case 'flush':
      return buffer.flush();
    case 'declareMissing':
      return buffer.declareMissing(...call.args);
    case 'recallPeriod':
      return buffer.recallPeriod(...call.args);
    case 'history':
      return buffer.history(...call.args);
    case 'erasePeriod':
      return buffer.erasePeriod(...call.args);
    case 'synchronise':
      return buffer.synchronise(...call.args);
    case 'seal':
      return buffer.seal(...call.args);
    case 'claim':
      return buffer.claim(...call.args);
    case 'recall':
      return buffer.recall(...call.args);
    case 'ack':
      return buffer.ack(...call.args);
    case 'quarantined':
      return buffer.quarantined(...call.args);
    case 'quarantinedMessage':
      return buffer.quarantinedMessage(...call.args);
    case 'quarantine':
      return buffer.quarantine(...call.args);
    case 'renew':
      return buffer.renew(...call.args);
    case 'state':
      return buffer.state();
    case 'close':
      return buffer.close();
    default:
      throw new BufferError('invalid', 'The thread does not know this call.');
  }
};

/** Serves one buffer to the main thread; ends once it is closed. */
const serve = (port: MessagePort): void => {
  let buffer: Buffer | undefined;

  const open = async ({ args }: OpenCall): Promise<void> => {
    buffer = await openBuffer(...args);
  };

  const opened = (): Opened => ({ epoch: buffer?.epoch ?? '', setAside: buffer?.setAside });

  const work = async (call: Call | OpenCall): Promise<unknown> => {
    if (call.method === 'open') return open(call);
    if (buffer === undefined) throw new BufferError('closed', 'The buffer is not open.');
    return dispatch(buffer, call);
  };

  const answer = async (call: Call | OpenCall): Promise<void> => {
    let reply: Reply;
    try {
      const result = await work(call);
      reply = { id: call.id, result, ...opened() };
    } catch (error) {
      const { code, message } = asBufferError(error);
      reply = { id: call.id, error: { code, message }, ...opened() };
    }
    port.postMessage(reply);
  };

  /** Calls without an answer yet: closing settles them, and the port stays open until they are told. */
  const unanswered = new Set<Promise<void>>();
  port.on('message', (call: Call | OpenCall) => {
    const answered = answer(call);
    unanswered.add(answered);
    void answered.then(async () => {
      unanswered.delete(answered);
      if (call.method !== 'close') return;
      await Promise.all(unanswered);
      port.close();
    });
  });
};

if (parentPort !== null) {
  keepCollecting();
  serve(parentPort);
}
