import { Command } from 'commander';
import { acting, idOf, type Acting } from './act-command.js';
import { LOCATION_PATCH, NEW_LOCATION } from './deeds.js';
import { performAsOperator, withOrganisations, type OperatorOrganisations } from './open-organisations.js';
import { defined } from './organisation-deeds.js';
import { checked, holderOf, listCommand, locationNamed, parsePosition, siteNamed } from './place-options.js';

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
    .addCommand(changeLocation())
    .addCommand(removeLocation())
    .addCommand(placeLocation());

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

const removeLocation = (): Command =>
  acting('remove', 'Remove a location where nothing is or was installed.')
    .argument('<location>', 'id, key, PRM or PCE')
    .action((text: string, options: Acting) =>
      withOrganisations(options, (opened) => {
        const deed = { deed: 'remove-location', id: locationNamed(opened, text).id } as const;
        performAsOperator(opened, 'change-places', deed, options);
      }),
    );

const placeLocation = (): Command =>
  acting('place', 'Say at which site a location is; without --at: at none.')
    .argument('<location>', 'id, key, PRM or PCE')
    .option('--at <site>', 'id or name')
    .action((text: string, options: Acting & { at?: string }) =>
      withOrganisations(options, (opened) => {
        const siteId = options.at === undefined ? null : siteNamed(opened, options.at).id;
        const deed = {
          deed: 'change-location',
          id: locationNamed(opened, text).id,
          asked: { siteId },
        } as const;
        performAsOperator(opened, 'change-places', deed, options);
      }),
    );
