import { setImmediate as turn } from 'node:timers/promises';
import type { Projector } from './projector.js';

export interface Follower {
  /** There may be new entries. */
  wake(): void;
  /** Makes every row again, from the log's first entry on. */
  rebuild(): void;
  /** Resolves once the step under way has ended; no other follows. */
  stop(): Promise<void>;
}

export interface FollowerDeps {
  readonly projector: Projector;
  /** Called after each step that did something. */
  readonly moved: (position: number) => void;
  /** Called after each step that failed: the next one comes after `retryMs`. */
  readonly failed: (error: unknown) => void;
  /** Called each time the head is reached. */
  readonly rested: () => Promise<void>;
  /** Looks for new entries this often without being woken. */
  readonly idleMs: number;
  readonly retryMs: number;
}

interface State {
  stopped: boolean;
  rebuild: boolean;
  /** Woken since the step under way began. */
  woken: boolean;
  wakeUp: (() => void) | undefined;
}

/** Steps until the head of the log, then waits to be woken. Gives the event loop a turn between steps. */
export const createFollower = (deps: FollowerDeps): Follower => {
  const state: State = { stopped: false, rebuild: false, woken: false, wakeUp: undefined };
  const wake = (): void => {
    state.woken = true;
    state.wakeUp?.();
  };
  const running = follow(deps, state);
  return {
    wake,
    rebuild: () => {
      state.rebuild = true;
      wake();
    },
    stop: () => {
      state.stopped = true;
      wake();
      return running;
    },
  };
};

const follow = async (deps: FollowerDeps, state: State): Promise<void> => {
  while (!state.stopped) {
    state.woken = false;
    try {
      if (await step(deps, state)) await turn();
      else {
        await deps.rested();
        await pause(state, deps.idleMs);
      }
    } catch (error) {
      deps.failed(error);
      // what failed would fail again at once, whoever calls; only a stop cuts the pause short
      state.woken = state.stopped;
      await pause(state, deps.retryMs);
    }
  }
};

/** Whether there was something to do. */
const step = async ({ projector, moved }: FollowerDeps, state: State): Promise<boolean> => {
  if (state.rebuild) await projector.rebuild();
  state.rebuild = false;
  const { applied, position } = await projector.step();
  if (applied > 0) moved(position);
  return applied > 0;
};

const pause = (state: State, ms: number): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, state.woken ? 0 : ms);
    state.wakeUp = () => {
      clearTimeout(timer);
      resolve();
    };
  });
