import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Problem } from '../../drivers/document/problem.js';
import type { Configuration } from './configuration.js';
import { ConfigurationError } from './errors.js';
import { withTimeLimit } from '../../drivers/time-limit.js';

const READ_MS = 60_000;

export interface ReadRequest {
  readonly path: string;
  readonly profileFolders: readonly string[];
}

/** What the thread says, once. */
export type ReadAnswer =
  | { readonly configuration: Configuration }
  | { readonly code: ConfigurationError['code']; readonly problems: readonly Problem[] };

/**
 * Reads a configuration as `readConfiguration` does, in a thread that ends with it: parser, schemas and their
 * garbage go with the thread instead of staying for as long as the agent runs. `thread` is the compiled
 * `configuration-thread.js`. Throws a `ConfigurationError`, or the signal's reason.
 */
export const readConfigurationApart = async (
  request: ReadRequest,
  thread: URL,
  signal: AbortSignal = new AbortController().signal,
): Promise<Configuration> => {
  const worker = new Worker(thread, { workerData: request });
  try {
    const [answer] = (await withTimeLimit(signal, READ_MS, async (within) =>
      once(worker, 'message', { signal: within }),
    )) as [ReadAnswer];
    if ('configuration' in answer) return answer.configuration;
    throw new ConfigurationError(answer.code, answer.problems);
  } finally {
    await worker.terminate();
  }
};
