import type { Command } from 'commander';
import type { CommandTools } from './line-commands.js';

interface ProfileFlags {
  readonly profiles: readonly string[];
  readonly json?: boolean;
}

interface NewFlags {
  readonly maker?: string;
  readonly model?: string;
  readonly document?: string;
  readonly page?: string;
  readonly folder: string;
}

interface SunSpecFlags {
  readonly bus: string;
  readonly baud?: string;
  readonly format?: string;
  readonly framing?: string;
  readonly address: string;
  readonly folder: string;
}

const addSunSpec = (profile: Command, { output, signal }: CommandTools): void => {
  profile
    .command('sunspec')
    .description('write the profile of an inverter or meter that gives its own map (SunSpec)')
    .requiredOption('--bus <bus>', 'tcp://HOST:PORT, rtu-over-tcp://HOST:PORT or serial:/dev/...')
    .option('--baud <speed>', 'of a serial port (9600)')
    .option('--format <format>', 'of a serial port (8N1)')
    .option('--framing <framing>', 'rtu or ascii (rtu)')
    .option('--address <address>', 'of the device on the bus', '1')
    .option('--folder <folder>', "the site's folder of profiles", 'profiles')
    .action(async ({ bus, baud, format, framing, address, folder }: SunSpecFlags) => {
      const { sunSpecCommand } = await import('./profile-sunspec.js');
      const options = { bus, baud, format, framing, address, folder };
      process.exitCode = await sunSpecCommand(options, output, signal());
    });
};

/** Adds `profile list`, `show`, `test`, `new` and `sunspec`. */
export const addProfileCommands = (program: Command, tools: CommandTools): void => {
  const { output, withProfiles } = tools;
  const profile = program.command('profile').description('the device models that are known');
  withProfiles(profile.command('list'))
    .description('list them, and whether a cited example of the model bears its map out')
    .option('--json', 'as JSON')
    .action(async ({ profiles, json = false }: ProfileFlags) => {
      const { listKnown } = await import('./profile-command.js');
      process.exitCode = listKnown({ profiles, json }, output);
    });
  withProfiles(profile.command('show <profile>'))
    .description("what a model measures, where its map comes from, and which site's files are over it")
    .option('--json', 'as JSON')
    .action(async (id: string, { profiles, json = false }: ProfileFlags) => {
      const { showProfile } = await import('./profile-command.js');
      process.exitCode = showProfile({ id, profiles, json }, output);
    });
  withProfiles(profile.command('test [profile...]'))
    .description('check profiles: form, vectors, style; all of them where none is named')
    .option('--json', 'as JSON')
    .action(async (ids: readonly string[], { profiles, json = false }: ProfileFlags) => {
      const { testProfiles } = await import('./profile-command.js');
      process.exitCode = testProfiles({ ids, profiles, json }, output);
    });
  profile
    .command('new')
    .description('begin a profile in a folder; what is not given is asked for on a terminal')
    .option('--maker <maker>', 'who makes the device')
    .option('--model <model>', 'its model')
    .option('--document <title>', 'the document that the map comes from')
    .option('--page <page>', 'where in it')
    .option('--folder <folder>', "the site's folder of profiles", 'profiles')
    .action(async (flags: NewFlags) => {
      const { newProfile } = await import('./profile-new.js');
      const { createQuestions } = await import('./questions.js');
      const questions = createQuestions({ input: process.stdin, output: process.stderr });
      try {
        process.exitCode = await newProfile(flags, questions, output);
      } finally {
        questions.close();
      }
    });
  addSunSpec(profile, tools);
};
