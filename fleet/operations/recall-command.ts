import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { changeAsOperator } from '../access/audit/operator-audit.js';
import { parseTime } from '../parse-time.js';
import { newId } from '../registry/new-id.js';
import { openRegistryStore } from '../store/sqlite/registry-store.js';
import { recallCommandOf } from './recall.js';

interface RecallOptions {
  readonly from: number;
  readonly to: number;
  readonly points: readonly string[];
  readonly data: string;
  readonly json: boolean;
}

/** `terroir-fleet recall`. */
export const recallCommand = (): Command =>
  new Command('recall')
    .description('Ask a gateway for the raw readings of a past period again; they come as backlog.')
    .argument('<gateway>', 'id of the gateway')
    .requiredOption('--from <time>', 'ISO 8601', parseTime)
    .requiredOption('--to <time>', 'ISO 8601, not included', parseTime)
    .option('--points <points...>', 'points as <device>/<point> of its configuration (default: all)', [])
    .option('--json', 'for scripts', false)
    .option('--data <folder>', 'the fleet’s data', './fleet-data')
    .action((gatewayId: string, { from, to, points, data, json }: RecallOptions) => {
      if (from >= to) throw new Error('--from must be before --to.');
      const registry = openRegistryStore(join(resolve(data), 'registry.db'), { newId });
      try {
        const gateway = registry.gateway(gatewayId);
        if (gateway === undefined) throw new Error(`There is no gateway ${gatewayId}.`);
        const made = { id: newId(), at: Date.now(), by: 'terroir-fleet' };
        const command = recallCommandOf({ gatewayId, from, to, points }, made);
        changeAsOperator(
          registry,
          () => {
            if (!registry.addCommand(command)) throw new Error('Too many commands wait for this gateway.');
          },
          () => ({
            action: 'recall-readings',
            resource: { type: 'gateway', id: gatewayId, organisationId: gateway.organisationId },
            after: { command: command.id, name: command.name, arguments: command.arguments },
          }),
        );
        const until = new Date(command.expires).toISOString();
        const text = `command ${command.id} waits for ${gatewayId}: within seconds while it is connected, else when it comes back, until ${until}\n`;
        const said = { command: command.id, gatewayId, expires: until };
        process.stdout.write(json ? `${JSON.stringify(said, null, 2)}\n` : text);
      } finally {
        registry.close();
      }
    });
