#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { addHistory } from './local/cli/add-history.js';
import { addInspect } from './local/cli/add-inspect.js';
import { addSdi12 } from './local/cli/add-sdi12.js';
import { addWrite } from './local/cli/add-write.js';
import { EXIT } from './local/cli/exit-codes.js';
import { addLineCommands } from './local/cli/line-commands.js';
import type { Output } from './local/cli/output.js';
import { addProfileCommands } from './local/cli/profile-commands.js';
import { keepMemorySmall } from './local/memory.js';
import { programVersion } from './local/program-version.js';
import { packagedProfiles } from './twin/packaged.js';

const output: Output = {
  print: (text) => process.stdout.write(`${text}\n`),
  explain: (text) => process.stderr.write(`${text}\n`),
};

// Whoever reads our output may stop reading (`| head`).
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(process.exitCode);
});

/** SIGINT and SIGTERM ask to stop; a second one insists. */
const stopSignal = (): AbortSignal => {
  const stopping = new AbortController();
  const stop = (): void => {
    if (stopping.signal.aborted) process.exit(EXIT.failed);
    stopping.abort();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return stopping.signal;
};

interface Options {
  readonly config: string;
  readonly profiles: readonly string[];
  readonly json?: boolean;
  readonly device?: string;
  readonly allOrders?: boolean;
  readonly fleet?: string;
  readonly token?: string;
  readonly id?: string;
  readonly save?: string;
}

const finish = async (work: Promise<number>): Promise<void> => {
  process.exitCode = await work;
};

const PROFILES_HELP = "folder of the site's own profiles, before the program's (may be repeated)";

const withProfiles = (command: Command): Command =>
  command.option(
    '--profiles <folder>',
    PROFILES_HELP,
    (folder: string, folders: readonly string[]) => [folder, ...folders],
    [packagedProfiles],
  );

const withConfiguration = (command: Command): Command =>
  withProfiles(command.requiredOption('-c, --config <file>', "the gateway's configuration (YAML)"));

const addServiceCommands = (program: Command, signal: () => AbortSignal): void => {
  withConfiguration(program.command('run'))
    .description('measure, store and deliver until stopped (what systemd starts); log lines go to stderr')
    .action(async ({ config, profiles }: Options) => {
      keepMemorySmall();
      const { runCommand } = await import('./local/cli/run-command.js');
      const { createLog } = await import('./local/log.js');
      await finish(runCommand({ config, profiles }, createLog('terroir-agent'), signal()));
    });
  withConfiguration(program.command('status'))
    .description('what the running agent does: uplink, buffer, buses, latest values; exit 3 where none runs')
    .option('--json', 'as JSON')
    .action(async ({ config, profiles, json = false }: Options) => {
      const { statusCommand } = await import('./local/cli/status-command.js');
      await finish(statusCommand({ config, profiles, json }, output));
    });
  withConfiguration(program.command('quarantine'))
    .description('batches that the fleet refused, with the reason; exit 3 where no agent runs')
    .option('--id <id>', 'one of them, to save')
    .option('--save <file>', 'where its bytes go')
    .option('--json', 'as JSON')
    .action(async ({ config, profiles, json = false, ...rest }: Options) => {
      const { quarantineCommand } = await import('./local/cli/quarantine-command.js');
      await finish(quarantineCommand({ config, profiles, json, ...rest }, output, signal()));
    });
  withConfiguration(program.command('enrol'))
    .description('claim this gateway for a fleet; exit 4 where the claim is queued for want of an uplink')
    .argument('[link]', 'the claim link that the fleet showed, in quotes; it serves once')
    .option('--fleet <url>', "instead of a link: the fleet's address, https://...")
    .option('--token <token>', 'and the claim token, tt1....')
    .action(async (link: string | undefined, { fleet, token, config, profiles }: Options) => {
      const { enrolCommand } = await import('./local/cli/enrol-command.js');
      await finish(enrolCommand({ link, fleet, token, config, profiles }, output, signal()));
    });
};

const addFieldCommands = (program: Command, signal: () => AbortSignal): void => {
  withConfiguration(program.command('check'))
    .description('say all that is wrong with a configuration: file, line, key, accepted values')
    .option('--json', 'as JSON')
    .action(async ({ config, profiles, json = false }: Options) => {
      const { checkCommand } = await import('./local/cli/check-command.js');
      process.exitCode = checkCommand({ config, profiles, json }, output);
    });
  withConfiguration(program.command('plan'))
    .description('say which requests a configuration makes of its buses, and whether they bear it')
    .option('--json', 'as JSON')
    .action(async ({ config, profiles, json = false }: Options) => {
      const { planCommand } = await import('./local/cli/plan-command.js');
      process.exitCode = planCommand({ config, profiles, json }, output);
    });
  withConfiguration(program.command('read'))
    .description('poll once and show each value with its unit, quality and bytes, to compare with the dial')
    .option('-d, --device <key>', 'this device only')
    .option('--json', 'as JSON')
    .option('--all-orders', 'the registers of each point in every type and order, to find the right one')
    .action(async ({ config, profiles, device, json = false, allOrders = false }: Options) => {
      const { readCommand } = await import('./local/cli/read-command.js');
      await finish(readCommand({ config, profiles, device, json, allOrders }, output, signal()));
    });
};

const HELP = `
On site, without any uplink:
  $ terroir-agent scan --bus serial:/dev/ttyUSB0 > gateway.yaml   which devices are there?
  $ terroir-agent profile list                          which meters it knows
  $ terroir-agent check --config gateway.yaml           is the file in order?
  $ terroir-agent plan --config gateway.yaml            will its buses bear it?
  $ terroir-agent read --config gateway.yaml            does each value agree with its dial?
  $ terroir-agent watch --config gateway.yaml           live values and counters, and what ails the line
  $ terroir-agent diagnose --config gateway.yaml -d KEY what does this device itself count?
  $ terroir-agent decode 01 04 04 43 66 33 34 1B 38     what do these bytes mean?
  $ terroir-agent enrol --config gateway.yaml 'https://fleet.example.org/enrol#tt1...'
  $ terroir-agent status --config gateway.yaml          what is the running agent doing?
  $ terroir-agent history --config gateway.yaml KEY/POINT   what did it measure, since when, with which gaps?

At a desk, without any device:
  $ terroir-agent simulate eastron/sdm630-v2@1 --tcp 127.0.0.1:1502

Exit codes: 0 done; 1 failed; 2 wrong command line or configuration; 3 no agent runs; 4 claim queued.`;

const main = async (): Promise<void> => {
  let stopping: AbortSignal | undefined;
  const signal = (): AbortSignal => (stopping ??= stopSignal());
  const program = new Command('terroir-agent')
    .description("Reads a site's sensors, keeps every reading through power cuts, and delivers it signed.")
    .version(programVersion())
    .exitOverride()
    .addHelpText('after', HELP);
  addServiceCommands(program, signal);
  addFieldCommands(program, signal);
  const tools = { output, signal, withProfiles, withConfiguration };
  addLineCommands(program, tools);
  addHistory(program, tools);
  addWrite(program, tools);
  addInspect(program, tools);
  addSdi12(program, tools);
  addProfileCommands(program, { output, signal, withProfiles, withConfiguration });
  try {
    await program.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
      return;
    }
    const { explainError } = await import('./local/cli/explain-error.js');
    const { text, code } = explainError(error);
    output.explain(`terroir-agent: ${text}`);
    process.exitCode = code;
  }
};

await main();
