import type { Log } from '../local/log.js';
import type { ServiceManager } from './service-manager.js';

/** One word lost on the way is not taken for death. */
const WORDS_A_PERIOD = 4;

export interface WatchdogDeps {
  readonly manager: ServiceManager;
  readonly log: Pick<Log, 'warn'>;
  /** Resolves where all that the agent cannot do without answers. */
  readonly alive: () => Promise<void>;
  /** Calls back every `ms` until what it gives is called. */
  readonly every: (ms: number, callback: () => void) => () => void;
}

/**
 * Tells the service manager that the agent is alive, as often as it wants to hear it, and only after `alive`: a loop
 * that does not turn does not ask, and a part that does not answer holds the word back. Gives what stops it.
 */
export const startWatchdog = ({ manager, log, alive, every }: WatchdogDeps): (() => void) => {
  const { watchdogMs } = manager;
  if (watchdogMs === undefined) return () => undefined;
  let asking = false;
  const look = async (): Promise<void> => {
    if (asking) return;
    asking = true;
    try {
      await alive();
      if (!(await manager.tell('WATCHDOG=1'))) log.warn('watchdog-not-heard');
    } catch (error) {
      log.warn('watchdog-withheld', { error: String(error) });
    } finally {
      asking = false;
    }
  };
  return every(watchdogMs / WORDS_A_PERIOD, () => void look());
};
