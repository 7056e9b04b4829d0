import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { newId } from '../registry/new-id.js';
import { openRegistryStore } from '../store/sqlite/registry-store.js';
import { openViewsReader } from '../store/sqlite/views-reader.js';
import type { RegistryStore } from '../store/registry-store.js';
import type { ViewsReader } from '../store/views-store.js';
import { operatorScope } from './operator-scope.js';
import { ledgerAddsUp, renderLedger, type GatewayLedger } from './render-ledger.js';

interface LedgerOptions {
  readonly data: string;
  readonly json: boolean;
}

/** `terroir-fleet ledger`. */
export const ledgerCommand = (): Command =>
  new Command('ledger')
    .description('What each gateway sealed and what became of it; exit 1 where it does not add up.')
    .argument('[gateway]', 'id of one gateway (default: all)')
    .option('--data <folder>', 'the fleet’s data', './fleet-data')
    .option('--json', 'for scripts', false)
    .action(async (gateway: string | undefined, options: LedgerOptions) => {
      const ledgers = await readLedgers(resolve(options.data), gateway);
      const text = options.json
        ? `${JSON.stringify(ledgers, null, 2)}\n`
        : ledgers.map(renderLedger).join('\n');
      process.stdout.write(text);
      if (!ledgers.every(ledgerAddsUp)) process.exitCode = 1;
    });

const readLedgers = async (folder: string, wanted: string | undefined): Promise<readonly GatewayLedger[]> => {
  const path = (name: string): string => join(folder, `${name}.db`);
  const registry = openRegistryStore(path('registry'), { newId });
  const views = openViewsReader({ views: path('views'), registry: path('registry'), log: path('log') });
  try {
    return await ledgersOf(registry, views, wanted);
  } finally {
    await views.close();
    registry.close();
  }
};

const ledgersOf = async (
  registry: RegistryStore,
  views: ViewsReader,
  wanted: string | undefined,
): Promise<readonly GatewayLedger[]> => {
  const scope = operatorScope(registry.organisations());
  const gateways = registry.gateways().filter(({ id }) => wanted === undefined || id === wanted);
  if (wanted !== undefined && gateways.length === 0) throw new Error(`There is no gateway ${wanted}.`);
  const ledgers: GatewayLedger[] = [];
  for (const { id, name } of gateways) {
    const [detail, events] = [await views.ledgerDetail(scope, id), await views.events(scope, id)];
    ledgers.push({ gatewayId: id, name, ...detail, events });
  }
  return ledgers;
};
