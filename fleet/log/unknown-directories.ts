import { LRUCache } from 'lru-cache';
import type { LogWriter } from '../store/log-store.js';

export interface UnknownDirectoriesDeps {
  readonly log: Pick<LogWriter, 'hasDirectory'>;
  /** Asks a gateway for a directory. */
  readonly ask: (gatewayId: string, epoch: string, directory: Uint8Array) => Promise<void>;
  readonly now: () => number;
  readonly failed: (gatewayId: string, error: unknown) => void;
}

/** A gateway is asked again for what did not come, ms. */
const AGAIN_MS = 60_000;
/** Gateways whose directory is remembered, and directories that were asked for. */
const MOST_REMEMBERED = 10_000;

/**
 * Gives a function that is told which directory each stored batch names, and asks for those that the log lacks: a gateway
 * sends each directory once, and a fleet restored from an older backup may have lost any of them.
 */
export const createUnknownDirectories = (
  deps: UnknownDirectoriesDeps,
): ((gatewayId: string, epoch: string, directory: Uint8Array) => Promise<void>) => {
  /** By gateway, the directory that its last batch named and that is here. */
  const known = new LRUCache<string, string>({ max: MOST_REMEMBERED });
  const askedAt = new LRUCache<string, number>({ max: MOST_REMEMBERED });
  return async (gatewayId, epoch, directory) => {
    const hash = Buffer.from(directory).toString('hex');
    if (known.get(gatewayId) === hash) return;
    try {
      if (await deps.log.hasDirectory(gatewayId, directory)) {
        known.set(gatewayId, hash);
        askedAt.delete(`${gatewayId}/${hash}`);
        return;
      }
      const place = `${gatewayId}/${hash}`;
      if (deps.now() - (askedAt.get(place) ?? -Infinity) < AGAIN_MS) return;
      askedAt.set(place, deps.now());
      await deps.ask(gatewayId, epoch, directory);
    } catch (error) {
      deps.failed(gatewayId, error);
    }
  };
};
