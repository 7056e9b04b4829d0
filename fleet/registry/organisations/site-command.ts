import { Command } from 'commander';
import { acting, idOf, type Acting } from './act-command.js';
import { NEW_SITE, SITE_PATCH } from './deeds.js';
import { performAsOperator, withOrganisations } from './open-organisations.js';
import { defined } from './organisation-deeds.js';
import { checked, holderOf, listCommand, parsePosition, siteNamed } from './place-options.js';

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
