import { InvalidArgumentError, type Command } from 'commander';
import type { TSchema } from 'typebox';
import { Errors } from 'typebox/value';
import { renderTable } from '../../access/table.js';
import type { LocationRecord, SiteRecord } from '../../store/organisations-store.js';
import { command, idOf } from './act-command.js';
import { OrganisationError } from './errors.js';
import { withOrganisations, type OperatorOptions, type OperatorOrganisations } from './open-organisations.js';

/** What the commands for sites and for locations share. */

/** `48.117,-1.678`, as maps show it. */
export const parsePosition = (text: string): { type: 'Point'; coordinates: number[] } => {
  const [latitude = NaN, longitude = NaN, ...more] = text.split(',').map(Number);
  if (!Number.isFinite(latitude) || !Number.isFinite(longitude) || more.length > 0) {
    throw new InvalidArgumentError('write latitude,longitude, as 48.117,-1.678.');
  }
  return { type: 'Point', coordinates: [longitude, latitude] };
};

/** What HTTP would refuse, a command refuses too. */
export const checked = <Asked>(schema: TSchema, asked: Asked): Asked => {
  const [fault] = Errors(schema, asked);
  if (fault === undefined) return asked;
  throw new OrganisationError('invalid', `${fault.instancePath.slice(1)}: ${fault.message}.`);
};

const only = <Row extends { readonly id: string }>(found: readonly Row[], what: string): Row => {
  const [row] = found;
  if (row === undefined) throw new OrganisationError('unknown', `There is no ${what}.`);
  if (found.length === 1) return row;
  const ids = found.map(({ id }) => id).join(', ');
  throw new OrganisationError('invalid', `There are several: give the id of one of ${ids}.`);
};

export const siteNamed = ({ registry }: OperatorOrganisations, text: string): SiteRecord =>
  only(
    registry.records('site', { mergedInto: null }).filter(({ id, name }) => id === text || name === text),
    `site ${text}`,
  );

export const locationNamed = ({ registry }: OperatorOrganisations, text: string): LocationRecord =>
  only(
    registry
      .records('location', { mergedInto: null })
      .filter(({ id, key, prm, pce }) => [id, key, prm, pce].includes(text)),
    `location ${text}`,
  );

interface ListOptions extends OperatorOptions {
  readonly organisation?: string;
}

interface Listing<Row> {
  readonly what: string;
  readonly head: readonly string[];
  readonly rows: (
    opened: OperatorOrganisations,
    held: { readonly organisationId?: string },
  ) => readonly Row[];
  readonly cells: (row: Row, opened: OperatorOrganisations) => readonly string[];
}

export const listCommand = <Row>({ what, head, rows, cells }: Listing<Row>): Command =>
  command('list', `All ${what}.`)
    .option('--organisation <organisation>', 'of one that holds them')
    .action((options: ListOptions) =>
      withOrganisations(options, (opened) => {
        const { organisation } = options;
        const found = rows(
          opened,
          organisation === undefined ? {} : { organisationId: idOf(opened, organisation) },
        );
        const table = [head, ...found.map((row) => cells(row, opened))];
        process.stdout.write(options.json ? `${JSON.stringify(found, null, 2)}\n` : renderTable(table));
      }),
    );

export const holderOf = ({ registry }: OperatorOrganisations, id: string): string =>
  registry.record('organisation', id)?.name ?? id;
