import type { Command, CommandResult } from '#wire/messages.js';
import type { CommandHandler, Handled } from './command-handler.js';
import type { CommandRecord } from './command-record.js';
import { withTimeLimit } from '../../drivers/time-limit.js';

export interface CommandsDeps {
  readonly record: CommandRecord;
  /** By name. */
  readonly handlers: ReadonlyMap<string, CommandHandler>;
  /** UTC ms; `undefined` while the clock is not synced. */
  readonly now: () => number | undefined;
  readonly timeoutMs: number;
}

/** Runs what the fleet asks for, each command once. */
export interface Commands {
  /** Gives the result, also of a command that came before; never rejects. */
  run(command: Command, signal: AbortSignal): Promise<CommandResult>;
}

/**
 * A command is recorded before it runs, and its result before it is told: sent again after a lost answer, it is
 * answered from the record. One that was running when the agent stopped is not run again, since nobody knows how
 * far it came.
 */
export const createCommands = (deps: CommandsDeps): Commands => {
  const running = new Map<string, Promise<CommandResult>>();
  const run = async (command: Command, signal: AbortSignal): Promise<CommandResult> => {
    const { id, name, expires } = command;
    const known = deps.record.find(id);
    if (known !== undefined) return { id, ...(known.result ?? INTERRUPTED) };
    const handler = deps.handlers.get(name);
    const time = deps.now();
    if (time !== undefined && time > expires) {
      return { id, outcome: 'expired', detail: `expired at ${new Date(expires).toISOString()}` };
    }
    if (handler === undefined) {
      return { id, outcome: 'refused', detail: `this agent knows no command "${name}"` };
    }
    if (time === undefined) {
      return { id, outcome: 'refused', detail: 'the clock is not synced: it may have expired' };
    }
    try {
      deps.record.begin(id, name, time);
      const result = await withTimeLimit(signal, deps.timeoutMs, async (timed) =>
        handler(command.arguments, timed),
      );
      deps.record.finish(id, result);
      return { id, ...result };
    } catch (error) {
      const result: Handled = {
        outcome: 'failed',
        detail: error instanceof Error ? error.message : String(error),
      };
      finishQuietly(deps.record, id, result);
      return { id, ...result };
    }
  };
  return {
    run: (command, signal) => {
      const before = running.get(command.id);
      if (before !== undefined) return before;
      const result = run(command, signal).finally(() => running.delete(command.id));
      running.set(command.id, result);
      return result;
    },
  };
};

const INTERRUPTED: Handled = {
  outcome: 'failed',
  detail: 'the agent stopped while this command ran; ask again if it is still wanted',
};

/** A disk that takes nothing must not hide why the command failed. */
const finishQuietly = (record: CommandRecord, id: string, result: Handled): void => {
  try {
    record.finish(id, result);
  } catch {
    return;
  }
};
