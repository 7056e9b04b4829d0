import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { parseTime } from '../parse-time.js';
import { runErasure, type EraseOptions } from './run-erasure.js';
import { openFleet } from './opened-fleet.js';

/** `terroir-fleet erase`. */
export const eraseCommand = (): Command =>
  new Command('erase')
    .description(
      'Erase what a point, or an organisation, measured in a period, for good, and write the signed receipt. The service may run.',
    )
    .option('--point <id>', 'id of a point')
    .option('--organisation <organisation>', 'id, official code or name: all that it held then')
    .option(
      '--consent <organisations...>',
      'who agreed to lose what it held, where a column goes on into another’s time',
      [],
    )
    .option('--people', 'with --organisation: its people too, with what audit trails say of them', false)
    .requiredOption('--from <time>', 'ISO 8601', parseTime)
    .requiredOption('--to <time>', 'ISO 8601, not included', parseTime)
    .requiredOption('--reason <text>', 'kept in the receipt and in the audit trail')
    .option('--out <file>', 'where to write the receipt; needed without --dry-run')
    .option('--dry-run', 'say what would go, and erase nothing', false)
    .option('--json', 'for scripts', false)
    .option('--data <folder>', 'the fleet’s data', './fleet-data')
    .option('--ca-passphrase-file <file>', 'passphrase of the authority’s keys, as for `serve`')
    .addHelpText(
      'after',
      `
A batch's column of the point goes as a whole, also where it reaches beyond the period; its neighbours stay, with
their proofs. What of it another organisation held (after a transfer, within one batch) is told first, goes only with
--consent of that organisation, stands in the receipt and in its own audit trail. Views of the gateways concerned are
then made again from the log, by the service where it runs. Killed half-way, the same command goes on and gives the
whole receipt; check that with terroir-fleet verify. Gateways that read the points are asked to erase their own
history: \`GET /api/v1/gateways/{id}/commands\` says what they answered. What one had not delivered yet still comes:
where its answer says that something is left, give the same command again once it has come. Copies that were made
before (exports, backups but those restored with this receipt) keep what they have; those made after have nothing of it.`,
    )
    .action(async (options: EraseOptions) => {
      const folder = resolve(options.data);
      requireSound(options);
      const opened = openFleet(folder);
      try {
        await runErasure(folder, opened, options);
      } finally {
        await opened.close();
      }
    });

const requireSound = (options: EraseOptions): void => {
  const { point, organisation, people, from, to, out, dryRun } = options;
  if ((point === undefined) === (organisation === undefined)) {
    throw new Error('Give --point or --organisation.');
  }
  if (people && organisation === undefined) throw new Error('--people goes with --organisation.');
  if (from >= to) throw new Error('--from must be before --to.');
  if (!dryRun && out === undefined) throw new Error('--out is needed: the receipt says what went.');
  if (out !== undefined && existsSync(out)) throw new Error(`${out} exists: give the receipt another name.`);
};
