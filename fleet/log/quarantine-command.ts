import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { openLogReader } from '../store/sqlite/log-reader.js';
import type { KeptApart } from '../store/log-store.js';

interface QuarantineOptions {
  readonly data: string;
  readonly save?: string;
  readonly item?: string;
  readonly json: boolean;
}

const MAX_ITEMS = 10_000;

/** `terroir-fleet quarantine`. */
export const quarantineCommand = (): Command =>
  new Command('quarantine')
    .description('List the batches that were kept apart, with the reason, or save one as it came.')
    .argument('[gateway]', 'id of one gateway (default: all)')
    .option('--item <id>', 'one item of the list')
    .option('--save <file>', 'with --item: write its bytes to a file, for `inspect`')
    .option('--data <folder>', 'the fleet’s data', './fleet-data')
    .option('--json', 'for scripts', false)
    .action(async (gateway: string | undefined, { data, item, save, json }: QuarantineOptions) => {
      if ((item === undefined) !== (save === undefined)) throw new Error('--item and --save go together.');
      const log = openLogReader(join(resolve(data), 'log.db'));
      try {
        if (item !== undefined && save !== undefined) {
          const message = await log.keptApartMessage(item);
          if (message === undefined) throw new Error(`There is no item ${item}.`);
          writeFileSync(save, message);
          return;
        }
        const items = await log.keptApart(gateway, MAX_ITEMS);
        process.stdout.write(json ? `${JSON.stringify(items, null, 2)}\n` : items.map(line).join(''));
      } finally {
        await log.close();
      }
    });

const line = ({ id, source, epoch, seq, clone, reason, receivedAt, bytes }: KeptApart): string => {
  const batch = seq === undefined ? 'no number' : `batch ${seq} of ${epoch ?? '?'}`;
  const kind = clone ? 'clone' : 'refused';
  return `${id}  ${new Date(receivedAt).toISOString()}  ${source}  ${batch}, ${bytes} bytes, ${kind}: ${reason}\n`;
};
