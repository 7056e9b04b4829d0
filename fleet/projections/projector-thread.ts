import type { Worker } from 'node:worker_threads';
import { ProjectionError } from './errors.js';

/** Files that the worker opens: the log must exist. Its `workerData`. */
export interface ProjectorPaths {
  readonly log: string;
  readonly views: string;
  readonly registry: string;
}

export type ProjectorCall = 'wake' | 'rebuild' | 'close';

export type ProjectorReply =
  | { readonly type: 'ready'; readonly position: number }
  | { readonly type: 'moved'; readonly position: number }
  | { readonly type: 'rested' }
  | { readonly type: 'failed'; readonly reason: string; readonly retryable: boolean }
  | { readonly type: 'quarantined'; readonly source: string; readonly reason: string };

/** The projector as the main thread sees it. */
export interface ProjectorThread {
  /** There may be new entries in the log. */
  wake(): void;
  /** Makes every row again, from the log's first entry on. */
  rebuild(): void;
  /** Position of the last entry that was applied. */
  position(): number;
  /** The last step failed, or the worker is gone: the views stand still. */
  failed(): boolean;
  /** Ends the step under way and closes the files; a worker that does not end within `closeTimeoutMs` is ended. */
  close(): Promise<void>;
}

export interface ProjectorThreadDeps {
  /** Runs `projector-worker.js` with `ProjectorPaths`. */
  readonly worker: Worker;
  readonly log: Record<'warn' | 'error', (fields: object, event: string) => void>;
  readonly closeTimeoutMs?: number;
}

const CLOSE_TIMEOUT_MS = 10_000;

/** Resolves once views.db is open. Rejects with `ProjectionError` where the worker ends before. */
export const startProjectorThread = ({
  worker,
  log,
  closeTimeoutMs = CLOSE_TIMEOUT_MS,
}: ProjectorThreadDeps): Promise<ProjectorThread> =>
  new Promise((resolve, reject) => {
    const state = { position: 0, failed: false, closing: false, gone: false };
    const call = (message: ProjectorCall): void => worker.postMessage(message);

    const take = (reply: ProjectorReply): void => {
      if (reply.type === 'ready' || reply.type === 'moved') state.position = reply.position;
      if (reply.type === 'moved' || reply.type === 'rested') state.failed = false;
      if (reply.type === 'ready') resolve(thread);
      if (reply.type === 'quarantined') {
        log.warn({ source: reply.source, reason: reply.reason }, 'batch quarantined by its body');
      }
      if (reply.type !== 'failed') return;
      state.failed = true;
      log.error({ reason: reply.reason, retryable: reply.retryable }, 'projection failed');
      if (!reply.retryable) call('close');
    };
    const end = (cause: unknown): void => {
      if (!state.closing && !state.gone) log.error({ cause }, 'projector thread ended');
      state.gone = true;
      state.failed = true;
      reject(new ProjectionError('thread-ended', 'The projector thread ended; restart the service.', cause));
    };
    worker.on('message', take);
    worker.on('error', end);
    worker.on('exit', end);

    const thread: ProjectorThread = {
      wake: () => call('wake'),
      rebuild: () => call('rebuild'),
      position: () => state.position,
      failed: () => state.failed,
      close: async () => {
        state.closing = true;
        if (state.gone) return;
        const exited = new Promise<void>((done) => worker.once('exit', () => done()));
        call('close');
        const timer = setTimeout(() => void worker.terminate(), closeTimeoutMs);
        await exited;
        clearTimeout(timer);
      },
    };
  });
