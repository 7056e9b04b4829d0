import type { Command } from 'commander';
import type { CommandTools } from './line-commands.js';

interface LineFlags {
  readonly profiles: readonly string[];
  readonly bus: string;
  readonly config?: string;
  readonly baud?: string;
  readonly format?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

const lineOf = ({ bus, config, baud, format, profiles, json = false }: LineFlags) => ({
  bus,
  config,
  baud,
  format,
  profiles,
  json,
});

/** What a technician does to the sensors of an SDI-12 line, beside reading them. */
export const addSdi12 = (program: Command, { output, signal, withProfiles }: CommandTools): void => {
  const sdi12 = program
    .command('sdi12')
    .description('sensors of an SDI-12 line: give one another address, ask what its values are');
  const withLine = (command: Command): Command =>
    withProfiles(command)
      .requiredOption('--bus <bus>', 'tcp://HOST:PORT or serial:/dev/...; with --config the key of a bus')
      .option('-c, --config <file>', 'a bus of this configuration, at its settings')
      .option('--baud <speed>', 'of the adapter (1200)')
      .option('--format <format>', 'of the adapter (7E1)')
      .option('--json', 'as JSON');
  withLine(sdi12.command('address <old> <new>'))
    .description('give the sensor at an address another one, at which nobody may answer yet')
    .option('--yes', 'do not ask')
    .addHelpText('after', '\nNew sensors have the address 0: connect and readdress them one by one.')
    .action(async (from: string, to: string, flags: LineFlags) => {
      const { terminalAsker } = await import('./write-command.js');
      const { sdi12AddressCommand } = await import('./sdi12-command.js');
      const options = { ...lineOf(flags), from, to, yes: flags.yes ?? false };
      process.exitCode = await sdi12AddressCommand(options, output, terminalAsker(), signal());
    });
  withLine(sdi12.command('describe <address> [measurement]'))
    .description(
      'what each value of a measurement is (M unless said; C1, R0, V, ...): its name in profiles, code and unit',
    )
    .action(async (address: string, measurement: string | undefined, flags: LineFlags) => {
      const { sdi12DescribeCommand } = await import('./sdi12-command.js');
      const options = { ...lineOf(flags), address, measurement: measurement ?? 'M' };
      process.exitCode = await sdi12DescribeCommand(options, output, signal());
    });
};
