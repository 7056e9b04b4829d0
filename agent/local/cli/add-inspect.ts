import { InvalidArgumentError, type Command } from 'commander';
import type { InspectQuestion } from '../agent-questions.js';
import type { CommandTools } from './line-commands.js';

interface InspectFlags {
  readonly config: string;
  readonly profiles: readonly string[];
  readonly device: string;
  readonly json?: boolean;
}

interface FileFlags extends InspectFlags {
  readonly file: number;
  readonly record: number;
  readonly count: number;
}

const within =
  (least: number, most: number) =>
  (text: string): number => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= least && number <= most) return number;
    throw new InvalidArgumentError(`A whole number from ${least} to ${most}.`);
  };

/** What a Modbus device tells beside its registers; neither command changes it. */
export const addInspect = (program: Command, { output, signal, withConfiguration }: CommandTools): void => {
  const ask = async ({ config, profiles, json = false }: InspectFlags, question: InspectQuestion) => {
    const { inspectCommand } = await import('./inspect-command.js');
    process.exitCode = await inspectCommand({ config, profiles, question, json }, output, signal());
  };
  withConfiguration(program.command('diagnose'))
    .description('what a Modbus device itself counts: messages, checksum errors, exceptions (function 8)')
    .requiredOption('-d, --device <key>', 'the device')
    .option('--json', 'as JSON')
    .action((flags: InspectFlags) => ask(flags, { ask: 'diagnose', device: flags.device }));
  withConfiguration(program.command('file-record'))
    .description('registers of a file of a Modbus device, such as its log or load curve (function 20)')
    .requiredOption('-d, --device <key>', 'the device')
    .requiredOption('--file <number>', 'the file, 1 to 65535', within(1, 0xffff))
    .option('--record <number>', 'the first record, 0 to 9999', within(0, 9_999), 0)
    .option('--count <number>', 'registers, 1 to 121', within(1, 121), 1)
    .option('--json', 'as JSON')
    .action((flags: FileFlags) => {
      const { device, file, record, count } = flags;
      return ask(flags, { ask: 'file-record', device, file, record, count });
    });
};
