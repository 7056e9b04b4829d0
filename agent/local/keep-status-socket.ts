import { LocalError } from './errors.js';
import type { Log } from './log.js';
import { openStatusSocket, type AnswerQuestion, type StatusSocket } from './status-socket.js';

export interface StatusSocketDeps {
  readonly dataFolder: string;
  readonly log: Log;
  readonly answer: AnswerQuestion;
  /** Resolves after so many ms, or once the signal aborts. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
  /** A disk that takes no socket is asked again this often, ms. */
  readonly retryMs: number;
  /** Another agent turned out to hold the folder. */
  readonly fail: (cause: unknown) => void;
  readonly runtimeFolder?: string;
}

/**
 * The status socket, which a disk that is full or read-only may refuse: measuring goes on without one, and it is opened once
 * the disk works. Rejects with `LocalError` 'running' where another agent holds the folder.
 */
export const keepStatusSocket = async (deps: StatusSocketDeps): Promise<StatusSocket> => {
  const { dataFolder, log, answer, pause, retryMs, fail, runtimeFolder } = deps;
  const open = async (): Promise<StatusSocket | undefined> => {
    try {
      return await openStatusSocket(dataFolder, answer, runtimeFolder);
    } catch (error) {
      if (!(error instanceof LocalError) || error.code !== 'no-socket') throw error;
      log.error('no-status-socket', { error: error.message, cause: String(error.cause) });
      return undefined;
    }
  };
  const stopping = new AbortController();
  let socket = await open();
  const keep = async (): Promise<void> => {
    while (socket === undefined) {
      await pause(retryMs, stopping.signal);
      if (stopping.signal.aborted) return;
      socket = await open();
    }
  };
  const kept = keep().catch(fail);
  return {
    close: async () => {
      stopping.abort();
      await kept;
      await socket?.close();
    },
  };
};
