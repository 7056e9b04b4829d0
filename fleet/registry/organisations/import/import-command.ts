import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { print, recordedAsOperator, withOrganisations, type OperatorOptions } from '../open-organisations.js';
import { readGeoJson } from './read-geojson.js';
import { readCsv } from './read-csv.js';
import {
  COLUMNS,
  IMPORTED_RECORDS,
  parseColumnMap,
  textOf,
  type ImportedRecord,
  type ImportTable,
} from './table.js';

interface ImportOptions extends OperatorOptions {
  readonly dryRun: boolean;
  readonly map: readonly string[];
  readonly record?: ImportedRecord;
}

const columnHelp = (): string =>
  Object.entries(COLUMNS)
    .map(([column, meaning]) => `  ${column.padEnd(13)} ${meaning}`)
    .join('\n');

/** `terroir-fleet organisation import`. */
export const importCommand = (): Command =>
  new Command('import')
    .description('Add and change organisations, sites and locations from a file: all of it, or nothing.')
    .argument('<file>', 'CSV (with a line of titles, UTF-8), or GeoJSON where it ends in .geojson or .json')
    .option('--map <column=title...>', 'what the file calls a column, e.g. --map "prm=N° PRM"', [])
    .addOption(
      new Option('--record <record>', 'what the rows are, where no column says so').choices(IMPORTED_RECORDS),
    )
    .option('--dry-run', 'show what would change, change nothing', false)
    .option('--data <folder>', 'the fleet’s data', './fleet-data')
    .option('--json', 'for scripts', false)
    .addHelpText(
      'after',
      `
Columns (properties, in GeoJSON); others are ignored, empty cells change nothing:
${columnHelp()}

What is there already is changed, never added twice: the same file again changes nothing. The whole import is
one act: terroir-fleet organisation undo takes it back. Examples:
  terroir-fleet organisation import communes.csv --record organisation --dry-run
  terroir-fleet organisation import meters.csv --record location --map "prm=N° PRM" --map "name=Libellé"`,
    )
    .action((file: string, options: ImportOptions) =>
      withOrganisations(options, (opened) => {
        const { organisations, actor } = opened;
        const plan = organisations.plan({ deed: 'import', table: readTable(file, options) }, actor);
        const nothing = plan.changes.length === 0;
        if (options.dryRun) print(plan, options, 'Plan, nothing was done');
        else if (nothing) print(plan, options, 'All of it is there already');
        else {
          const act = recordedAsOperator(opened, 'import-records', () =>
            organisations.performPlan(plan, actor),
          );
          print(act, options, 'Done');
        }
        const ignored = plan.summary['ignored'];
        if (Array.isArray(ignored) && ignored.length > 0) {
          process.stderr.write(`Columns that were ignored: ${ignored.join(', ')}\n`);
        }
      }),
    );

const readTable = (file: string, { map, record }: ImportOptions): ImportTable => {
  const settings = { map: parseColumnMap(map), record };
  const text = textOf(readFileSync(file));
  return /\.(geo)?json$/i.test(file) ? readGeoJson(text, settings) : readCsv(text, settings);
};
