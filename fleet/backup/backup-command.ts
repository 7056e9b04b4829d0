import { resolve } from 'node:path';
import { Command } from 'commander';
import type { BackupManifest } from './manifest.js';
import { takeBackup, type Said } from './take-backup.js';

interface BackupOptions {
  readonly data: string;
  readonly views: boolean;
  readonly json: boolean;
}

/** `terroir-fleet backup`. */
export const backupCommand = (version: string): Command =>
  new Command('backup')
    .description('Copy the fleet into a new folder while it runs, and check the copy.')
    .argument('<folder>', 'a new folder, or an empty one')
    .option('--data <folder>', 'the fleet’s data', './fleet-data')
    .option('--no-views', 'leave the projections out: they are made again at the restore')
    .option('--json', 'for scripts', false)
    .addHelpText(
      'after',
      `
It holds the authority's keys, access.key and all data: whoever has it is the fleet. Its files are its owner's alone (0600):
keep it so, on another machine. Not in it: what the command line of serve names.
What is erased later is still in it: let it go after the next one, or give the receipts to restore --erased.`,
    )
    .action(async (folder: string, { data, views, json }: BackupOptions) => {
      const said = createSaid();
      const deps = { now: Date.now, program: version, said: said.line };
      const manifest = await takeBackup(resolve(data), resolve(folder), views, deps).finally(said.end);
      process.stdout.write(
        json ? `${JSON.stringify({ folder, ...manifest }, null, 2)}\n` : render(folder, manifest),
      );
    });

/** Progress on standard error: one line a thing. */
export const createSaid = (): { readonly line: Said; readonly end: () => void } => {
  let last = '';
  return {
    line: (what, done) => {
      const text = done > 1 ? String(done) : `${Math.round(done * 100)} %`;
      process.stderr.write(`${last !== '' && last !== what ? '\n' : ''}\r${what}: ${text}`);
      last = what;
    },
    end: () => {
      if (last !== '') process.stderr.write('\n');
    },
  };
};

const render = (folder: string, { files, counts, elsewhere, startedAt }: BackupManifest): string =>
  [
    `${folder}: the fleet as it was at ${startedAt}, ${files.length} files, ${files.reduce((sum, { bytes }) => sum + bytes, 0)} bytes.`,
    `${counts.batches} batches and ${counts.directories} directories of ${counts.sources} gateways, each checked.`,
    'It holds keys and secrets: its files are readable by their owner alone (0600). Keep it so.',
    ...elsewhere.map((what) => `Not in it: ${what}.`),
    '',
  ].join('\n');
