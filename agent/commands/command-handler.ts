import type { Command, CommandResult } from '#wire/messages.js';

/** What a handler made of a command; what it throws fails the command with its message. */
export type Handled = Pick<CommandResult, 'outcome' | 'detail'>;
export type CommandHandler = (given: Command['arguments'], signal: AbortSignal) => Promise<Handled>;
