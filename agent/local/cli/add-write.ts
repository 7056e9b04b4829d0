import type { Command } from 'commander';
import type { CommandTools } from './line-commands.js';

interface WriteFlags {
  readonly config: string;
  readonly profiles: readonly string[];
  readonly device: string;
  readonly point: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** The one command that changes a device. */
export const addWrite = (program: Command, { output, signal, withConfiguration }: CommandTools): void => {
  withConfiguration(program.command('write <value>'))
    .description(
      'set a point that its profile marks writable, and read it back; through the agent where one runs',
    )
    .requiredOption('-d, --device <key>', 'the device')
    .requiredOption('-p, --point <key>', 'the point')
    .option('--yes', 'do not ask')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nA value below zero goes behind two dashes: write ... -- -5')
    .action(async (value: string, flags: WriteFlags) => {
      const { config, profiles, device, point, yes = false, json = false } = flags;
      const { terminalAsker, writeCommand } = await import('./write-command.js');
      const options = { config, profiles, device, point, value, yes, json };
      process.exitCode = await writeCommand(options, output, terminalAsker(), signal());
    });
};
