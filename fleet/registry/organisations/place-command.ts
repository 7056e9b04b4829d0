import { Command, InvalidArgumentError } from 'commander';
import type { TSchema } from 'typebox';
import { Errors } from 'typebox/value';
import { renderTable } from '../../access/table.js';
import type { LocationRecord, SiteRecord } from '../../store/organisations-store.js';
import { acting, command, idOf, type Acting } from './act-command.js';
import { LOCATION_PATCH, NEW_LOCATION, NEW_SITE, SITE_PATCH } from './deeds.js';
import { OrganisationError } from './errors.js';
import { defined } from './organisation-deeds.js';
import {
  performAsOperator,
  withOrganisations,
  type OperatorOptions,
  type OperatorOrganisations,
} from './open-organisations.js';

/** `48.117,-1.678`, as maps show it. */
const parsePosition = (text: string): { type: 'Point'; coordinates: number[] } => {
  const [latitude = NaN, longitude = NaN, ...more] = text.split(',').map(Number);
  if (!Number.isFinite(latitude) || !Number.isFinite(longitude) || more.length > 0) {
    throw new InvalidArgumentError('write latitude,longitude, as 48.117,-1.678.');
  }
  return { type: 'Point', coordinates: [longitude, latitude] };
};

interface Where {
  readonly street?: string;
  readonly postcode?: string;
  readonly city?: string;
  readonly position?: ReturnType<typeof parsePosition>;
}

const where = (made: Command): Command =>
  made
    .option('--street <street>')
    .option('--postcode <code>')
    .option('--city <city>')
    .option('--position <latitude,longitude>', 'WGS 84', parsePosition);

const placed = ({ street, postcode, city, position }: Where) => {
  const address = defined({ street, postcode, city });
  return defined({ address: Object.keys(address).length === 0 ? undefined : address, geometry: position });
};

/** What HTTP would refuse, a command refuses too. */
const checked = <Asked>(schema: TSchema, asked: Asked): Asked => {
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

const siteNamed = ({ registry }: OperatorOrganisations, text: string): SiteRecord =>
  only(
    registry.records('site', { mergedInto: null }).filter(({ id, name }) => id === text || name === text),
    `site ${text}`,
  );

const locationNamed = ({ registry }: OperatorOrganisations, text: string): LocationRecord =>
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

const listCommand = <Row>({ what, head, rows, cells }: Listing<Row>): Command =>
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

const holderOf = ({ registry }: OperatorOrganisations, id: string): string =>
  registry.record('organisation', id)?.name ?? id;

/** `terroir-fleet site`. */
export const siteCommand = (): Command =>
  new Command('site')
    .description('Sites: where gateways stand and meters hang; an organisation holds each.')
    .addHelpText(
      'after',
      `
Examples:
  terroir-fleet site add 'Pumping station 4' --organisation 41025 --city Brenne --position 46.71,1.15
  terroir-fleet site place 4f… --at 'Pumping station 4'      # the gateway stands there
  terroir-fleet location add inlet 'Heat inlet' --organisation 41025 --site 'Pumping station 4'`,
    )
    .addCommand(
      listCommand({
        what: 'sites',
        head: ['NAME', 'ORGANISATION', 'CITY', 'ID'],
        rows: ({ registry }, held) => registry.records('site', { mergedInto: null, ...held }),
        cells: ({ id, name, address, organisationId }, opened) => [
          name,
          holderOf(opened, organisationId),
          address?.city ?? '-',
          id,
        ],
      }),
    )
    .addCommand(addSite())
    .addCommand(changeSite())
    .addCommand(removeSite())
    .addCommand(placeGateway());

const addSite = (): Command =>
  where(acting('add', 'Add a site.'))
    .argument('<name>')
    .requiredOption('--organisation <organisation>', 'who holds it')
    .action((name: string, options: Acting & Where & { organisation: string }) =>
      withOrganisations(options, (opened) => {
        const organisationId = idOf(opened, options.organisation);
        const asked = checked(NEW_SITE, { organisationId, name, ...placed(options) });
        performAsOperator(opened, 'change-places', { deed: 'add-site', asked }, options);
      }),
    );

const changeSite = (): Command =>
  where(acting('change', 'Change a site.'))
    .argument('<site>', 'id or name')
    .option('--name <name>')
    .action((text: string, options: Acting & Where & { name?: string }) =>
      withOrganisations(options, (opened) => {
        const asked = checked(SITE_PATCH, { ...defined({ name: options.name }), ...placed(options) });
        const deed = { deed: 'change-site', id: siteNamed(opened, text).id, asked } as const;
        performAsOperator(opened, 'change-places', deed, options);
      }),
    );

const removeSite = (): Command =>
  acting('remove', 'Remove a site that nothing stands at.')
    .argument('<site>', 'id or name')
    .action((text: string, options: Acting) =>
      withOrganisations(options, (opened) => {
        const deed = { deed: 'remove-site', id: siteNamed(opened, text).id } as const;
        performAsOperator(opened, 'change-places', deed, options);
      }),
    );

const placeGateway = (): Command =>
  acting('place', 'Say at which site a gateway stands; without --at: at none.')
    .argument('<gateway>', 'its id')
    .option('--at <site>', 'id or name')
    .action((id: string, options: Acting & { at?: string }) =>
      withOrganisations(options, (opened) => {
        const siteId = options.at === undefined ? null : siteNamed(opened, options.at).id;
        performAsOperator(opened, 'change-places', { deed: 'place-gateway', id, siteId }, options);
      }),
    );

interface LocationOptions extends Acting {
  readonly site?: string;
  readonly prm?: string;
  readonly pce?: string;
  readonly position?: ReturnType<typeof parsePosition>;
}

const locationFields = (made: Command): Command =>
  made
    .option('--site <site>', 'id or name')
    .option('--prm <number>', 'electricity delivery point, 14 digits')
    .option('--pce <number>', 'gas delivery point: 14 digits, or GI and 6')
    .option('--position <latitude,longitude>', 'WGS 84', parsePosition);

const fieldsOf = (opened: OperatorOrganisations, { site, prm, pce, position }: LocationOptions) =>
  defined({
    siteId: site === undefined ? undefined : siteNamed(opened, site).id,
    prm,
    pce,
    geometry: position,
  });

/** `terroir-fleet location`. */
export const locationCommand = (): Command =>
  new Command('location')
    .description('Locations: the places that are measured; they outlive their meters.')
    .addCommand(
      listCommand({
        what: 'locations',
        head: ['KEY', 'NAME', 'ORGANISATION', 'SITE', 'PRM/PCE', 'ID'],
        rows: ({ registry }, held) => registry.records('location', { mergedInto: null, ...held }),
        cells: (row, opened) => [
          row.key,
          row.name,
          holderOf(opened, row.organisationId),
          row.siteId === null ? '-' : (opened.registry.record('site', row.siteId)?.name ?? row.siteId),
          row.prm ?? row.pce ?? '-',
          row.id,
        ],
      }),
    )
    .addCommand(addLocation())
    .addCommand(changeLocation());

const addLocation = (): Command =>
  locationFields(acting('add', 'Add a location.'))
    .argument('<key>', 'what gateways call it')
    .argument('<name>')
    .requiredOption('--organisation <organisation>', 'who holds it')
    .action((key: string, name: string, options: LocationOptions & { organisation: string }) =>
      withOrganisations(options, (opened) => {
        const organisationId = idOf(opened, options.organisation);
        const asked = checked(NEW_LOCATION, { organisationId, key, name, ...fieldsOf(opened, options) });
        performAsOperator(opened, 'change-places', { deed: 'add-location', asked }, options);
      }),
    );

const changeLocation = (): Command =>
  locationFields(acting('change', 'Change a location.'))
    .argument('<location>', 'id, key, PRM or PCE')
    .option('--name <name>')
    .action((text: string, options: LocationOptions & { name?: string }) =>
      withOrganisations(options, (opened) => {
        const asked = checked(LOCATION_PATCH, {
          ...defined({ name: options.name }),
          ...fieldsOf(opened, options),
        });
        const deed = { deed: 'change-location', id: locationNamed(opened, text).id, asked } as const;
        performAsOperator(opened, 'change-places', deed, options);
      }),
    );
