import { parentPort, workerData } from 'node:worker_threads';
import { newId } from '../registry/new-id.js';
import { openLogReader } from '../store/sqlite/log-reader.js';
import { openRegistryStore } from '../store/sqlite/registry-store.js';
import { openViewsWriter } from '../store/sqlite/views-writer.js';
import { createFollower } from './follower.js';
import { createProjector } from './projector.js';
import type { ProjectorCall, ProjectorPaths, ProjectorReply } from './projector-thread.js';

/** Worker entry: the projector off the event loop. `workerData` is `ProjectorPaths`. */

const IDLE_MS = 1000;
const RETRY_MS = 1000;
const CHECKPOINT_MS = 60_000;

const port = parentPort;
if (port === null) throw new TypeError('projector-worker runs as a worker');
const paths = workerData as ProjectorPaths;
const reply = (message: ProjectorReply): void => port.postMessage(message);

const log = openLogReader(paths.log);
const registry = openRegistryStore(paths.registry, { newId });
const views = openViewsWriter(paths.views);

const projector = createProjector({
  log,
  views,
  registry,
  onQuarantine: (fault) => reply({ type: 'quarantined', ...fault }),
});
reply({ type: 'ready', position: await views.position() });

let checkpointed = performance.now();
const follower = createFollower({
  projector,
  idleMs: IDLE_MS,
  retryMs: RETRY_MS,
  moved: (position) => reply({ type: 'moved', position }),
  failed: (error) => {
    const retryable = !(error instanceof Error && 'code' in error && error.code === 'fenced');
    reply({ type: 'failed', reason: error instanceof Error ? error.message : String(error), retryable });
  },
  rested: async () => {
    reply({ type: 'rested' });
    if (performance.now() - checkpointed < CHECKPOINT_MS) return;
    await views.checkpoint();
    checkpointed = performance.now();
  },
});

const close = async (): Promise<void> => {
  await follower.stop();
  await views.close();
  registry.close();
  await log.close();
  port.close();
};

port.on('message', (call: ProjectorCall) => {
  if (call === 'wake') follower.wake();
  else if (call === 'rebuild') follower.rebuild();
  else void close();
});
