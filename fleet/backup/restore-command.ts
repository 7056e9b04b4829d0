import { resolve } from 'node:path';
import { Command } from 'commander';
import { createSaid } from './backup-command.js';
import type { BackupManifest } from './manifest.js';
import { replayReceipts, type ReplayedReceipts } from './replay-receipts.js';
import { restoreBackup } from './restore-backup.js';

interface RestoreOptions {
  readonly data: string;
  readonly erased: readonly string[];
  readonly json: boolean;
}

/** `terroir-fleet restore`. */
export const restoreCommand = (): Command =>
  new Command('restore')
    .description('Put a backup into an empty data folder: whole and checked, or not at all.')
    .argument('<folder>', 'as `backup` made it')
    .option('--data <folder>', 'where to: empty or missing', './fleet-data')
    .option(
      '--erased <receipts...>',
      'receipts of erasures since, or folders of them: what they erased is erased again before anything reads it',
      [],
    )
    .option('--json', 'for scripts', false)
    .addHelpText(
      'after',
      `
Then start it (serve). Gateways are asked for what they had delivered after the backup, and send what they still keep.
Never start it beside the fleet that was backed up: gateways would be told by both what they may forget.`,
    )
    .action(async (folder: string, { data, erased, json }: RestoreOptions) => {
      const said = createSaid();
      let replayed: ReplayedReceipts | undefined;
      const manifest = await restoreBackup(resolve(folder), resolve(data), said.line, async (copy) => {
        if (erased.length > 0) replayed = await replayReceipts(copy, erased, said.line);
      }).finally(said.end);
      const result = { data, ...manifest, ...(replayed === undefined ? {} : { replayed }) };
      process.stdout.write(json ? `${JSON.stringify(result, null, 2)}\n` : render(data, manifest, replayed));
    });

const render = (
  data: string,
  { startedAt, counts, elsewhere }: BackupManifest,
  replayed: ReplayedReceipts | undefined,
): string =>
  [
    `${data}: the fleet as it was at ${startedAt}; every file has its sum, ${counts.entries} log entries are what their keys say.`,
    ...(replayed === undefined
      ? [`What was erased after ${startedAt} is there again: give the receipts with --erased.`]
      : [
          `Erased again by ${replayed.receipts} receipts: ${replayed.erased} columns, ${replayed.people} people.`,
          ...(replayed.absent === 0
            ? []
            : [
                `${replayed.absent} erased batches are not in this backup: a gateway may send them once more; erase again when it has.`,
              ]),
        ]),
    ...elsewhere.map((what) => `Serve needs beside: ${what}.`),
    '',
  ].join('\n');
