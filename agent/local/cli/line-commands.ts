import { InvalidArgumentError, type Command } from 'commander';
import { durationMs } from '../../../drivers/document/duration.js';
import type { Output } from './output.js';

/** What the program hands to whoever adds commands. */
export interface CommandTools {
  readonly output: Output;
  /** Aborts when the program is asked to stop. */
  readonly signal: () => AbortSignal;
  readonly withProfiles: (command: Command) => Command;
  readonly withConfiguration: (command: Command) => Command;
}

interface SimulateFlags {
  readonly profiles: readonly string[];
  readonly tcp?: string;
  readonly serial?: string;
  readonly baud?: string;
  readonly format?: string;
  readonly framing?: string;
  readonly faults?: string;
  readonly seed: string;
}

interface ScanFlags {
  readonly profiles: readonly string[];
  readonly bus: string;
  readonly config?: string;
  readonly baud?: string;
  readonly format?: string;
  readonly framing?: string;
  readonly protocol?: string;
  readonly addresses?: string;
  readonly force?: boolean;
  readonly within: number;
  readonly listen: number;
  readonly json?: boolean;
}

/** A duration on the command line, ms. */
export const durationOption = (text: string): number => {
  const ms = durationMs(text);
  if (ms > 0) return ms;
  throw new InvalidArgumentError('A duration such as 500ms, 10s, 5m, 24h or 7d.');
};

const finish = async (work: Promise<number>): Promise<void> => {
  process.exitCode = await work;
};

const addSimulate = (program: Command, { output, signal, withProfiles }: CommandTools): void => {
  withProfiles(program.command('simulate <profile...>'))
    .description('serve simulated devices, each <profile> or <profile>@<unit>, over a real socket or line')
    .option('--tcp <host:port>', 'where to listen')
    .option('--serial <path>', 'a serial port to answer on')
    .option('--baud <speed>', 'of the serial port (9600)')
    .option('--format <format>', 'of the serial port (8N1)')
    .option('--framing <framing>', 'tcp (Modbus TCP), rtu or ascii (over TCP, or on the serial port)')
    .option(
      '--faults <faults>',
      'what goes wrong: late=3%:800ms,crc=1%,stray=1%,wrong-unit=1%,split=10%,silent=unit7+9,double=unit3,turnaround=20ms,echo,seed=1',
    )
    .option('--seed <number>', 'other values for another seed', '1')
    .action(async (devices: readonly string[], flags: SimulateFlags) => {
      const { simulateCommand } = await import('./simulate-command.js');
      const { tcp, serial, baud, format, framing, faults, seed, profiles } = flags;
      const options = { devices, tcp, serial, baud, format, framing, faults, seed: Number(seed), profiles };
      await finish(simulateCommand(options, output, signal()));
    });
};

const addScan = (program: Command, { output, signal, withProfiles }: CommandTools): void => {
  withProfiles(program.command('scan'))
    .description('look for devices on a bus; a configuration that is ready to paste goes to stdout')
    .requiredOption(
      '--bus <bus>',
      'tcp://HOST:PORT, rtu-over-tcp://HOST:PORT or serial:/dev/...; with --config the key of a bus',
    )
    .option('-c, --config <file>', 'scan a bus of this configuration, at its settings')
    .option(
      '--protocol <protocol>',
      'what the devices speak: modbus, mbus, tic, nmea, sdi12, uart, line or davis (modbus)',
    )
    .option('--baud <speed>', 'only this speed')
    .option('--format <format>', 'only this format, such as 8N1')
    .option('--framing <framing>', 'rtu or ascii (rtu)')
    .option('--addresses <list>', 'only these, such as 1-32,100; of SDI-12 such as 0-9,a-f')
    .option('--listen <duration>', 'how long to listen before anything is sent', durationOption, 2_000)
    .option('--force', 'go on although somebody else speaks on the line: it disturbs them')
    .option(
      '--within <duration>',
      'the search for addresses takes at most this long',
      durationOption,
      300_000,
    )
    .option('--json', 'as JSON')
    .action(async (flags: ScanFlags) => {
      const { scanCommand } = await import('./scan-command.js');
      const { createTerminal } = await import('./terminal.js');
      const { bus, config, baud, format, framing, protocol, addresses, profiles } = flags;
      const { force = false, json = false } = flags;
      const timing = { withinMs: flags.within, listenMs: flags.listen };
      const place = { bus, config, baud, format, framing, protocol, addresses };
      const options = { ...place, force, json, profiles, ...timing };
      await finish(scanCommand(options, output, createTerminal(process.stderr), signal()));
    });
};

interface DecodeFlags {
  readonly profiles: readonly string[];
  readonly profile?: string;
  readonly protocol?: string;
  readonly json?: boolean;
}

const addDecode = (program: Command, { output, withProfiles }: CommandTools): void => {
  withProfiles(program.command('decode <bytes...>'))
    .description(
      'what bytes may mean: frames and registers of Modbus in every type and order; with --protocol the fields of a telegram',
    )
    .option(
      '--protocol <protocol>',
      'a telegram of this protocol, in hexadecimal or as text: mbus, tic, nmea, ...',
    )
    .option('-p, --profile <profile>', "mark what falls into the ranges of this profile's points")
    .option('--json', 'as JSON')
    .action(async (bytes: readonly string[], { profile, profiles, protocol, json = false }: DecodeFlags) => {
      if (protocol !== undefined && protocol !== 'modbus') {
        const { decodeTelegramCommand } = await import('./decode-telegram-command.js');
        process.exitCode = decodeTelegramCommand({ bytes, protocol, profile, profiles, json }, output);
        return;
      }
      const { decodeCommand } = await import('./decode-command.js');
      process.exitCode = decodeCommand({ hex: bytes, profile, profiles, json }, output);
    });
};

interface WatchFlags {
  readonly config: string;
  readonly profiles: readonly string[];
  readonly device?: string;
  readonly every: number;
}

const addWatch = (program: Command, { output, signal, withConfiguration }: CommandTools): void => {
  withConfiguration(program.command('watch'))
    .description(
      'values and counters of each device as they change, with hints; through the agent where one runs',
    )
    .option('-d, --device <key>', 'this device only')
    .option('--every <duration>', 'between two looks', durationOption, 1_000)
    .action(async ({ config, profiles, device, every }: WatchFlags) => {
      const { watchCommand } = await import('./watch-command.js');
      const { createTerminal } = await import('./terminal.js');
      const terminal = createTerminal(process.stdout);
      await finish(watchCommand({ config, profiles, device, refreshMs: every }, output, terminal, signal()));
    });
};

/** Commands of the one who stands at the line, or pretends to: simulate, scan, decode, watch. */
export const addLineCommands = (program: Command, tools: CommandTools): void => {
  addSimulate(program, tools);
  addScan(program, tools);
  addDecode(program, tools);
  addWatch(program, tools);
};
