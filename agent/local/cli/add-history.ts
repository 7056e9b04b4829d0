import { Option, type Command } from 'commander';
import { durationOption, type CommandTools } from './line-commands.js';

interface HistoryFlags {
  readonly config: string;
  readonly profiles: readonly string[];
  readonly from?: string;
  readonly to?: string;
  readonly last?: number;
  readonly table?: boolean;
  readonly csv?: boolean;
  readonly json?: boolean;
}

/** What is stored on the gateway, to look at. */
export const addHistory = (program: Command, { output, signal, withConfiguration }: CommandTools): void => {
  withConfiguration(program.command('history <point>'))
    .description(
      'a chart of what is stored here of one point, <device>/<point>, delivered or not; through the agent where one runs',
    )
    .option('--last <duration>', 'up to now (24h)', durationOption)
    .option('--from <time>', 'such as 2026-11-27 or 2026-11-27T08:30, local time')
    .option('--to <time>', 'not included (now; alone: the day before it)')
    .addOption(new Option('--table', 'each reading').conflicts(['csv', 'json']))
    .addOption(new Option('--csv', 'each reading, as CSV').conflicts(['json']))
    .option('--json', 'each reading, as JSON; times in ms, UTC')
    .addHelpText(
      'after',
      '\nA bar is from the least to the greatest of its column, a dot its mean by the kind of the point.',
    )
    .action(async (point: string, flags: HistoryFlags) => {
      const { historyCommand, pacedWrite } = await import('./history-command.js');
      const { createTerminal } = await import('./terminal.js');
      const { config, profiles, from, to, last, table, csv, json } = flags;
      const format = table ? 'table' : csv ? 'csv' : json ? 'json' : 'chart';
      const width = createTerminal(process.stdout).columns;
      const options = { config, profiles, point, from, to, lastMs: last, format, width } as const;
      process.exitCode = await historyCommand(options, output, pacedWrite(process.stdout), signal());
    });
};
