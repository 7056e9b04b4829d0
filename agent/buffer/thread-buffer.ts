import type { ResourceLimits, Worker } from 'node:worker_threads';
import type { Buffer } from './buffer.js';
import { asBufferError, BufferError } from './buffer-error.js';
import type { BufferOptions } from './open-buffer.js';
import type { Call, Method, OpenCall, Opened, Reply } from './thread-messages.js';

/** What `buffer-thread.js` needs at most; give it to `new Worker`. */
export const BUFFER_THREAD_LIMITS: ResourceLimits = {
  maxOldGenerationSizeMb: 48,
  maxYoungGenerationSizeMb: 2,
};

export interface ThreadBufferOptions extends BufferOptions {
  /** Runs `buffer-thread.js`; used by nothing else. */
  readonly worker: Worker;
  /** A call that takes longer than this rejects with `timeout`, ms; opening has a minute. */
  readonly callMs?: number;
}

const CALL_MS = 60_000;
const OPEN_MS = 60_000;

interface Open {
  readonly settle: (reply: Reply) => void;
  readonly fail: (error: BufferError) => void;
}

/** Calls to the thread that have no answer yet. */
class Caller {
  readonly #worker: Worker;
  readonly #open = new Map<number, Open>();
  #lastId = 0;
  #ended: BufferError | undefined;
  #opened: Opened = { epoch: '', setAside: undefined };

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.on('message', (reply: Reply) => {
      this.#opened = reply;
      this.#open.get(reply.id)?.settle(reply);
    });
    worker.on('error', (error) => this.#end(error));
    worker.on('exit', () => this.#end(undefined));
  }

  /** As the last answer said. */
  get opened(): Opened {
    return this.#opened;
  }

  /** Sends a call and resolves with its result as it came; rejects with `timeout` after `withinMs`. */
  async call(
    method: Call['method'] | OpenCall['method'],
    args: readonly unknown[],
    withinMs: number,
  ): Promise<unknown> {
    if (this.#ended !== undefined) throw this.#ended;
    const id = (this.#lastId += 1);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#open.delete(id);
        reject(new BufferError('timeout', `The buffer did not answer ${method} within ${withinMs} ms.`));
      }, withinMs);
      const done = (): void => {
        clearTimeout(timer);
        this.#open.delete(id);
      };
      this.#open.set(id, {
        settle: (reply) => {
          done();
          if ('error' in reply) reject(new BufferError(reply.error.code, reply.error.message));
          else resolve(reply.result);
        },
        fail: (error) => {
          done();
          reject(error);
        },
      });
      try {
        this.#worker.postMessage({ id, method, args }, []);
      } catch (error) {
        this.#open.get(id)?.fail(asBufferError(error));
      }
    });
  }

  /** Resolves once the thread has ended by itself, or was ended after `withinMs`. */
  async ended(withinMs: number): Promise<void> {
    if (this.#ended !== undefined) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => void this.#worker.terminate(), withinMs);
      this.#worker.once('exit', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #end(cause: unknown): void {
    this.#ended ??= new BufferError(
      'thread',
      "The buffer's thread has ended; restart the agent, nothing stored was lost.",
      cause,
    );
    for (const { fail } of this.#open.values()) fail(this.#ended);
  }
}

const END_MS = 5_000;

/**
 * Opens the buffer in its own thread, so that no commit holds up a bus. Rejects with `BufferError`; after the
 * thread's death every call does, with `thread`.
 */
export const openThreadBuffer = async (options: ThreadBufferOptions): Promise<Buffer> => {
  const { worker, callMs = CALL_MS, ...rest } = options;
  const caller = new Caller(worker);
  const call = async <Name extends Method>(
    method: Name,
    ...args: Parameters<Buffer[Name]>
  ): Promise<Awaited<ReturnType<Buffer[Name]>>> =>
    (await caller.call(method, args, callMs)) as Awaited<ReturnType<Buffer[Name]>>;
  let closing: Promise<void> | undefined;
  try {
    await caller.call('open', [rest], OPEN_MS);
  } catch (error) {
    await worker.terminate();
    throw error;
  }
  return {
    get epoch() {
      return caller.opened.epoch;
    },
    get setAside() {
      return caller.opened.setAside;
    },
    setSigner: async (key) => call('setSigner', key),
    definePoints: async (points) => call('definePoints', points),
    useDirectory: async (hash, bytes) => call('useDirectory', hash, bytes),
    directories: async (wanted) => call('directories', wanted),
    ackDirectories: async (hashes) => call('ackDirectories', hashes),
    append: async (readings, id) => call('append', readings, id),
    declare: async (losses, id) => call('declare', losses, id),
    flush: async () => call('flush'),
    declareMissing: async (epoch, ranges) => call('declareMissing', epoch, ranges),
    recallPeriod: async (period) => call('recallPeriod', period),
    history: async (question) => call('history', question),
    erasePeriod: async (period) => call('erasePeriod', period),
    synchronise: async (boot, known) => call('synchronise', boot, known),
    seal: async (lane, why) => call('seal', lane, why),
    claim: async (lane, limit, except) => call('claim', lane, limit, except),
    recall: async (ranges, epoch) => call('recall', ranges, epoch),
    ack: async (epoch, ranges) => call('ack', epoch, ranges),
    quarantined: async (limit) => call('quarantined', limit),
    quarantinedMessage: async (id) => call('quarantinedMessage', id),
    quarantine: async (epoch, refused) => call('quarantine', epoch, refused),
    renew: async (epoch, reason) => call('renew', epoch, reason),
    state: async () => call('state'),
    close: async () => {
      closing ??= call('close').then(async () => caller.ended(END_MS));
      return closing;
    },
  };
};
