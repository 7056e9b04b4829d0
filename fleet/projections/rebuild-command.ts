import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { newId } from '../registry/new-id.js';
import { openLogReader } from '../store/sqlite/log-reader.js';
import { openRegistryStore } from '../store/sqlite/registry-store.js';
import { openViewsWriter } from '../store/sqlite/views-writer.js';
import { createProjector } from './projector.js';

/** `terroir-fleet rebuild`. */
export const rebuildCommand = (): Command =>
  new Command('rebuild')
    .description(
      'Make all views again from the log. Stop the service first: its projector gives way to this one.',
    )
    .option('--json', 'for scripts', false)
    .option('--data <folder>', 'the fleet’s data', './fleet-data')
    .action(async (options: { readonly data: string; readonly json: boolean }) => {
      const folder = resolve(options.data);
      const log = openLogReader(join(folder, 'log.db'));
      const registry = openRegistryStore(join(folder, 'registry.db'), { newId });
      const views = openViewsWriter(join(folder, 'views.db'));
      try {
        const projector = createProjector({
          log,
          views,
          registry,
          onQuarantine: ({ source, reason }) => process.stderr.write(`quarantined: ${source}: ${reason}\n`),
        });
        await projector.rebuild();
        const head = await log.head();
        for (let step = await projector.step(); step.applied > 0; step = await projector.step()) {
          process.stderr.write(`\r${step.position} of ${head} log entries`);
        }
        process.stderr.write('\n');
        if (options.json) process.stdout.write(`${JSON.stringify({ entries: head }, null, 2)}\n`);
      } finally {
        await views.close();
        registry.close();
        await log.close();
      }
    });
