import { startAgent } from '../../start-agent.js';
import { serviceManager } from '../../supervision/service-manager.js';
import { startWatchdog } from '../../supervision/watchdog.js';
import { CONFIGURATION_THREAD } from '../../threads.js';
import { readConfigurationApart } from '../../twin/read-apart.js';
import { keepToOwner } from '../data-folder.js';
import type { Log } from '../log.js';
import { keepCollecting, keepMemorySmall } from '../memory.js';
import { EXIT } from './exit-codes.js';

/** What a stop may take; then the process ends without it, and the buffer goes on from its last commit. */
const STOP_WITHIN_MS = 5_000;

export interface RunOptions {
  readonly config: string;
  readonly profiles: readonly string[];
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });

const every = (ms: number, callback: () => void): (() => void) => {
  const timer = setInterval(callback, ms);
  return () => clearInterval(timer);
};

/** Runs the agent until the signal aborts, or until it cannot go on (then it fails, for systemd to restart). */
export const runCommand = async (options: RunOptions, log: Log, signal: AbortSignal): Promise<number> => {
  const { config: path, profiles: profileFolders } = options;
  keepToOwner();
  const configuration = await readConfigurationApart({ path, profileFolders }, CONFIGURATION_THREAD, signal);
  const manager = serviceManager(process.env, process.pid);
  const agent = await startAgent({ configuration, log });
  await manager?.tell('READY=1');
  const { alive } = agent;
  const stopWatchdog = manager === undefined ? undefined : startWatchdog({ manager, log, alive, every });
  // Once more: V8 sets the young generation's growth back with each thread that starts.
  keepMemorySmall();
  const stopCollecting = keepCollecting();
  let code: number = EXIT.done;
  try {
    await Promise.race([aborted(signal), agent.failed]);
  } catch (error) {
    log.error('failed', { error: error instanceof Error ? error.message : String(error) });
    code = EXIT.failed;
  }
  stopCollecting();
  stopWatchdog?.();
  const overdue = setTimeout(() => {
    log.error('stop-overdue', { ms: STOP_WITHIN_MS });
    process.exit(EXIT.failed);
  }, STOP_WITHIN_MS);
  await Promise.all([agent.stop(), manager?.tell('STOPPING=1')]);
  clearTimeout(overdue);
  return code;
};
