import { join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { organisationOf } from '../../access/open-people.js';
import { parseTime } from '../../parse-time.js';
import { newId } from '../../registry/new-id.js';
import type { RegistryStore } from '../../store/registry-store.js';
import { openRegistryStore } from '../../store/sqlite/registry-store.js';
import { USAGE_GROUPS, type UsageGroup } from '../../store/usage-store.js';
import { createPolicySource } from '../policy-source.js';
import { readThemeCatalogue, themesOf } from '../themes.js';
import { monthBefore, monthsOf } from './months.js';
import { renderUsage } from './render-usage.js';
import { usageCsv, usageRows, type UsageRow } from './usage-report.js';

interface UsageOptions {
  readonly organisation?: string;
  readonly made: boolean;
  readonly by: UsageGroup;
  readonly from?: number;
  readonly to?: number;
  readonly json: boolean;
  readonly csv: boolean;
  readonly data: string;
}

const DEFAULT_MONTHS = 11;

/** `terroir-fleet usage`. */
export const usageCommand = (): Command =>
  new Command('usage')
    .description('Who used whose data for what: reads of what organisations give each other, and the public.')
    .option('--organisation <id, code or name>', 'what was used of theirs (default: of everybody’s)')
    .option('--made', 'what they used of others', false)
    .addOption(
      new Option('--by <what>', 'sums by it; month: all details').choices(USAGE_GROUPS).default('month'),
    )
    .option('--from <time>', 'ISO 8601 (default: twelve months)', parseTime)
    .option('--to <time>', 'ISO 8601, not included (default: now)', parseTime)
    .option('--json', 'for scripts', false)
    .option('--csv', 'for spreadsheets', false)
    .option('--data <folder>', 'the fleet’s data', './fleet-data')
    .action((options: UsageOptions) => {
      const registry = openRegistryStore(join(resolve(options.data), 'registry.db'), { newId });
      try {
        process.stdout.write(written(usageOf(registry, options), options));
      } finally {
        registry.close();
      }
    });

const written = (rows: readonly UsageRow[], { json, csv, by }: UsageOptions): string => {
  if (json) return `${JSON.stringify({ items: rows }, null, 2)}\n`;
  return csv ? usageCsv(rows) : renderUsage(rows, by);
};

const usageOf = (registry: RegistryStore, options: UsageOptions): readonly UsageRow[] => {
  const organisations = registry.organisations();
  const top = organisationOf(organisations);
  const { timeZone } =
    options.organisation === undefined ? top : organisationOf(organisations, options.organisation);
  const to = options.to ?? Date.now() + 1;
  const sums = registry.usage.sums({
    side: options.made ? 'reader' : 'giver',
    organisations:
      options.organisation === undefined
        ? organisations.map(({ id }) => id)
        : [organisationOf(organisations, options.organisation).id],
    by: options.by,
    months: monthsOf(options.from ?? monthBefore(to, DEFAULT_MONTHS, timeZone), to, timeZone),
  });
  return usageRows(sums, createPolicySource(registry, themesOf(readThemeCatalogue()))());
};
