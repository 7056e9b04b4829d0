import { Command, InvalidArgumentError } from 'commander';
import type { Indexes } from '../../store/organisations-store.js';
import { performAsOperator, withOrganisations, type OperatorOptions } from './open-organisations.js';
import { locationNamed } from './place-options.js';

interface ReplaceOptions extends OperatorOptions {
  readonly dryRun: boolean;
  readonly at?: string;
  readonly device?: string;
  readonly serial: string;
  readonly lastIndex?: Indexes;
  readonly firstIndex?: Indexes;
  readonly ratio?: number;
  readonly pulseWeight?: number;
  readonly behindLogger: boolean;
}

const parseNumber = (text: string): number => {
  const value = Number(text.replace(',', '.'));
  if (text === '' || !Number.isFinite(value)) throw new InvalidArgumentError('give a number.');
  return value;
};

/** `water_volume=98765`, for each property that the meter counts. */
const collectIndex = (text: string, before: Indexes = {}): Indexes => {
  const [property = '', value = ''] = text.split('=');
  if (!/^[a-z][a-z0-9_]*$/.test(property)) throw new InvalidArgumentError('write water_volume=98765.');
  return { ...before, [property]: parseNumber(value) };
};

/** `terroir-fleet meter`. */
export const meterCommand = (): Command =>
  new Command('meter').description('Meters at locations.').addCommand(
    new Command('replace')
      .description(
        'Replace a meter: the old one ends with its last index, the new one begins with its first.',
      )
      .argument('<location>', 'id, key, PRM or PCE')
      .requiredOption('--serial <number>', 'of the meter that comes')
      .option('--at <time>', 'when it was replaced (default: now)')
      .option('--device <device>', 'id or serial number of the one that goes, where there are several')
      .option(
        '--last-index <property=value>',
        'on the dial of the old one; repeat for each property',
        collectIndex,
      )
      .option('--first-index <property=value>', 'on the dial of the new one', collectIndex)
      .option('--ratio <ratio>', 'transformer ratio of the new one (default: the old one’s)', parseNumber)
      .option('--pulse-weight <weight>', 'of the new one (default: the old one’s)', parseNumber)
      .option('--behind-logger', 'the gateway goes on reading the same pulse counter', false)
      .option('--dry-run', 'show what would change, change nothing', false)
      .option('--data <folder>', 'the fleet’s data', './fleet-data')
      .option('--json', 'for scripts', false)
      .addHelpText(
        'after',
        `
Indexes are in the unit of the point, coefficients applied. Example:
  terroir-fleet meter replace inlet --serial 23-77 --last-index water_volume=98765 --first-index water_volume=12
Then write the new serial number into the gateway’s configuration.`,
      )
      .action((text: string, options: ReplaceOptions) =>
        withOrganisations(options, (opened) => {
          const { dryRun: _, data: _data, json: _json, at = new Date().toISOString(), ...asked } = options;
          const deed = {
            deed: 'replace-meter',
            asked: { locationId: locationNamed(opened, text).id, at, ...asked },
          } as const;
          performAsOperator(opened, 'replace-meter', deed, options);
        }),
      ),
  );
