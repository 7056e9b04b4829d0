import type { Command } from '#wire/messages.js';
import type { GatewayCommand } from '../store/operations-store.js';

/** How often waiting commands are looked for, ms. */
const LOOK_EVERY_MS = 5_000;
/** One without a result is sent again after this long; the gateway runs it once all the same, ms. */
const AGAIN_MS = 60_000;

export interface CourierDeps {
  /** Commands without a result that have not expired, oldest first. */
  readonly waiting: (now: number) => readonly GatewayCommand[];
  readonly connected: (gatewayId: string) => boolean;
  readonly send: (gatewayId: string, command: Command) => void;
  /** UTC ms. */
  readonly now: () => number;
  /** Calls back every `ms` until the function that it gives is called. */
  readonly every: (ms: number, callback: () => void) => () => void;
  readonly failed: (error: unknown) => void;
}

/** Brings waiting commands to gateways that are connected; the others get them in their next welcome. */
export interface Courier {
  /** There is a new command. */
  wake(): void;
  stop(): void;
}

export const startCourier = (deps: CourierDeps): Courier => {
  let sent = new Map<string, number>();
  const look = (): void => {
    const now = deps.now();
    const waiting = deps.waiting(now);
    const still = new Map<string, number>();
    for (const { id, gatewayId, name, expires, arguments: given } of waiting) {
      const before = sent.get(id);
      if (before !== undefined) still.set(id, before);
      if (!deps.connected(gatewayId) || (before !== undefined && now - before < AGAIN_MS)) continue;
      still.set(id, now);
      deps.send(gatewayId, { id, name, expires, arguments: given });
    }
    sent = still;
  };
  const lookSafely = (): void => {
    try {
      look();
    } catch (error) {
      deps.failed(error);
    }
  };
  const stop = deps.every(LOOK_EVERY_MS, lookSafely);
  return { wake: lookSafely, stop };
};
