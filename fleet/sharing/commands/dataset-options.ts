import { InvalidArgumentError, Option, type Command } from 'commander';
import { parseSpan } from '../../parse-time.js';
import { FINEST_NAMES, type Conditions, type Finest } from '../conditions.js';
import { AUDIENCES, LICENCES, type Audience, type DatasetContent } from '../dataset.js';
import { SharingError } from '../errors.js';
import type { Selection } from '../selection.js';

/** What a dataset is, as flags say it; what is not said stays as it was. */
export interface DatasetFlags {
  readonly title?: string;
  readonly titleEn?: string;
  readonly description?: string;
  readonly audience?: Audience;
  readonly licence?: (typeof LICENCES)[number];
  readonly licenceUrl?: string;
  readonly theme?: readonly string[];
  readonly property?: readonly string[];
  readonly site?: readonly string[];
  readonly location?: readonly string[];
  readonly point?: readonly string[];
  readonly area?: number[];
  readonly finest?: Finest;
  readonly delay?: number;
}

export const datasetOptions = (command: Command): Command =>
  command
    .option('--title <text>', 'in French')
    .option('--title-en <text>', 'in English')
    .option('--description <text>', 'in French')
    .addOption(new Option('--audience <audience>', 'who gets it').choices([...AUDIENCES]))
    .addOption(new Option('--licence <licence>').choices([...LICENCES]))
    .option('--licence-url <url>', 'where the text of a custom one is')
    .optionsGroup('What it selects (all that is named must hold; nothing named: all that you have):')
    .option('--theme <themes...>', 'of the catalogue: water, parking, weather, …')
    .option('--property <properties...>', 'observed properties: free_spaces, water_volume, …')
    .option('--site <ids...>')
    .option('--location <ids...>')
    .option('--point <ids...>')
    .option('--area <west,south,east,north>', 'degrees of WGS 84', parseArea)
    .optionsGroup('What limits it, whoever reads it:')
    .addOption(new Option('--finest <resolution>', 'finest resolution').choices([...FINEST_NAMES]))
    .option('--delay <time>', 'only what is at least this old: 15m, 2h, 1d', parseSpan);

const parseArea = (text: string): number[] => {
  const sides = text.split(',').map((side) => (side.trim() === '' ? NaN : Number(side)));
  if (sides.length !== 4 || sides.some(Number.isNaN)) {
    throw new InvalidArgumentError('give west,south,east,north in degrees, such as 2.9,45.7,3.2,45.9.');
  }
  return sides;
};

/** A dataset with what flags say put in place of what was there. */
export const datasetFrom = (flags: DatasetFlags, known: Partial<DatasetContent>): DatasetContent => {
  const { title, titleEn, description, licence, licenceUrl } = flags;
  const named = title ?? known.title?.fr;
  if (named === undefined) throw new SharingError('invalid', 'Say what it is called: --title, in French.');
  if (licenceUrl !== undefined && (licence ?? known.licence?.key) !== 'custom') {
    throw new SharingError('invalid', '--licence-url is of a custom licence: --licence custom.');
  }
  const english = titleEn ?? known.title?.en;
  const key = licence ?? known.licence?.key ?? 'restricted';
  const url = licenceUrl ?? (key === 'custom' ? known.licence?.url : undefined);
  const conditions = conditionsFrom(flags, known.conditions);
  return {
    ...known,
    title: { fr: named, ...(english === undefined ? {} : { en: english }) },
    ...(description === undefined ? {} : { description: { ...known.description, fr: description } }),
    audience: flags.audience ?? known.audience ?? 'private',
    licence: { key, ...(url === undefined ? {} : { url }) },
    selection: selectionFrom(flags, known.selection ?? {}),
    ...(conditions === undefined ? {} : { conditions }),
  };
};

const selectionFrom = (flags: DatasetFlags, known: Selection): Selection => {
  const { theme, property, site, location, point, area } = flags;
  const said = { themes: theme, properties: property, sites: site, locations: location, points: point };
  return {
    ...known,
    ...Object.fromEntries(
      Object.entries(said).flatMap(([key, values]) => (values === undefined ? [] : [[key, [...values]]])),
    ),
    ...(area === undefined ? {} : { area }),
  };
};

const conditionsFrom = (
  { finest, delay }: DatasetFlags,
  known: Conditions | undefined,
): Conditions | undefined => {
  if (finest === undefined && delay === undefined) return known;
  return {
    ...known,
    ...(finest === undefined ? {} : { finest }),
    ...(delay === undefined ? {} : { delayMs: delay }),
  };
};
