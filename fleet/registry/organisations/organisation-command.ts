import { Command, Option } from 'commander';
import {
  ORGANISATION_TYPES,
  PARTNER_KINDS,
  type OrganisationRecord,
  type OrganisationType,
  type PartnerKind,
} from '../../store/organisations-store.js';
import { acting, command, idOf, type Acting } from './act-command.js';
import { OrganisationError } from './errors.js';
import { importCommand } from './import/import-command.js';
import {
  performAsOperator,
  print,
  recordedAsOperator,
  withOrganisations,
  type OperatorOptions,
} from './open-organisations.js';
import { splitCommand, transferCommand, uniteCommand } from './transfer-command.js';

/** `terroir-fleet organisation`. Organisations are named by id, official code or name. */
export const organisationCommand = (): Command =>
  new Command('organisation')
    .description(
      'Organisations: the tree, transfers of what they hold, mergers, duplicates; every act can be undone.',
    )
    .addHelpText(
      'after',
      `
Examples:
  terroir-fleet organisation add 'Eaux de Brenne' --type service --under 41200
  terroir-fleet organisation transfer --gateways 4f… --to 41025 --from 2026-01-01 --past withheld --dry-run
  terroir-fleet organisation split 41200 --ends --from 2026-01-01 --past readable \\
    --part 'into=Nord gateways=4f…' --part 'into=Sud gateways=5a…'
  terroir-fleet organisation unite 41200 41025 --into 'Val-de-Brenne' --under 200012345 --code 41200 \\
    --from 2026-01-01 --past readable
  terroir-fleet organisation merge 41200 8k…           # two records of the same: one stays, the other points to it
  terroir-fleet organisation import communes.csv --dry-run
  terroir-fleet organisation acts 41200                # what was done
  terroir-fleet organisation undo 9x…`,
    )
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(addCommand())
    .addCommand(moveCommand())
    .addCommand(transferCommand())
    .addCommand(uniteCommand())
    .addCommand(splitCommand())
    .addCommand(mergeCommand())
    .addCommand(importCommand())
    .addCommand(actsCommand())
    .addCommand(undoCommand());

const listCommand = (): Command =>
  command('list', 'The tree.').action((options: OperatorOptions) =>
    withOrganisations(options, ({ registry }) => {
      const all = registry.records('organisation', { mergedInto: null });
      const listed = all.map((row) => ({ ...row, boundary: row.boundary === null ? null : '…' }));
      const text = options.json ? JSON.stringify(listed, null, 2) : linesOf(all, null, '').join('\n');
      process.stdout.write(`${text}\n`);
    }),
  );

const linesOf = (all: readonly OrganisationRecord[], parentId: string | null, indent: string): string[] =>
  all
    .filter((row) => row.parentId === parentId)
    .flatMap(({ id, name, type, code, endedAt }) => [
      `${indent}${name}  ${type}${code === null ? '' : ` ${code}`}${endedAt === null ? '' : ' (ceased)'}  ${id}`,
      ...linesOf(all, id, `${indent}  `),
    ]);

const showCommand = (): Command =>
  command('show', 'One organisation, and what it holds.')
    .argument('<organisation>')
    .action((text: string, options: OperatorOptions) =>
      withOrganisations(options, (opened) => {
        const { registry } = opened;
        const organisationId = idOf(opened, text);
        const held = (thing: 'holding' | 'gatewayHolding' | 'locationHolding' | 'siteHolding') =>
          registry
            .records(thing, { organisationId, title: 'holder', to: null })
            .map(({ subjectId }) => subjectId);
        const shown = {
          ...registry.record('organisation', organisationId),
          holds: {
            gateways: held('gatewayHolding'),
            devices: held('holding'),
            locations: held('locationHolding'),
            sites: held('siteHolding'),
          },
          competences: registry.records('competence', { holderId: organisationId }),
        };
        process.stdout.write(`${JSON.stringify(shown, null, 2)}\n`);
      }),
    );

interface AddOptions extends Acting {
  readonly type: OrganisationType;
  readonly under: string;
  readonly code?: string;
  readonly siret?: string;
  readonly partnerKind?: PartnerKind;
  readonly timeZone?: string;
}

const addCommand = (): Command =>
  acting('add', 'Add an organisation.')
    .argument('<name>')
    .addOption(new Option('--type <type>').choices(ORGANISATION_TYPES).makeOptionMandatory())
    .requiredOption('--under <organisation>', 'what it stands under')
    .option('--code <code>', 'INSEE commune code, or SIREN')
    .option('--siret <siret>', 'of its seat')
    .addOption(new Option('--partner-kind <kind>').choices(PARTNER_KINDS))
    .option('--time-zone <zone>', 'IANA; its parent’s by default')
    .action((name: string, { type, under, code, siret, partnerKind, timeZone, ...options }: AddOptions) =>
      withOrganisations(options, (opened) => {
        const more = {
          ...(code === undefined ? {} : { code }),
          ...(siret === undefined ? {} : { siret }),
          ...(partnerKind === undefined ? {} : { partnerKind }),
          ...(timeZone === undefined ? {} : { timeZone }),
        };
        const asked = { parentId: idOf(opened, under), name, type, ...more };
        performAsOperator(opened, 'add-organisation', { deed: 'add-organisation', asked }, options);
      }),
    );

const moveCommand = (): Command =>
  acting('move', 'Put an organisation under another.')
    .argument('<organisation>')
    .requiredOption('--under <organisation>')
    .action((text: string, options: Acting & { under: string }) =>
      withOrganisations(options, (opened) => {
        const asked = { parentId: idOf(opened, options.under) };
        const deed = { deed: 'change-organisation', id: idOf(opened, text), asked } as const;
        performAsOperator(opened, 'change-organisation', deed, options);
      }),
    );

const mergeCommand = (): Command =>
  acting('merge', 'Two records of the same organisation: one stays, the other points to it.')
    .argument('<survivor>')
    .argument('<duplicate>')
    .option('--take <fields...>', 'fields to take of the duplicate', [])
    .action((survivor: string, duplicate: string, options: Acting & { take: string[] }) =>
      withOrganisations(options, (opened) => {
        const pair = { survivor: idOf(opened, survivor), duplicate: idOf(opened, duplicate) };
        const asked = { record: 'organisation' as const, ...pair, take: options.take };
        performAsOperator(opened, 'merge-records', { deed: 'merge', asked }, options);
      }),
    );

const actsCommand = (): Command =>
  command('acts', 'What was done, newest first.')
    .argument('[record]', 'organisation, or id of a site, location, device or gateway')
    .action((record: string | undefined, options: OperatorOptions) =>
      withOrganisations(options, ({ registry }) => {
        const known = registry
          .organisations()
          .find(({ id, code, name }) => [id, code, name].includes(record ?? ''));
        const recordId = known?.id ?? record;
        const acts = registry.acts({ limit: 100, ...(recordId === undefined ? {} : { recordId }) });
        const lines = acts.map(({ id, kind, at, by, undoneBy, changes }) => {
          const undone = undoneBy === null ? '' : `, undone by ${undoneBy}`;
          return `${new Date(at).toISOString()}  ${id}  ${kind}, ${changes.length} changes, by ${by}${undone}\n`;
        });
        process.stdout.write(options.json ? `${JSON.stringify(acts, null, 2)}\n` : lines.join(''));
      }),
    );

const undoCommand = (): Command =>
  command('undo', 'Take an act back, as long as nothing that it changed was changed again.')
    .argument('<act>', 'its id, as `acts` shows it')
    .action((id: string, options: OperatorOptions) =>
      withOrganisations(options, (opened) => {
        const { organisations, actor, registry } = opened;
        if (registry.act(id) === undefined) throw new OrganisationError('unknown', `There is no act ${id}.`);
        print(
          recordedAsOperator(opened, 'undo-act', () => organisations.undo(id, actor)),
          options,
          'Taken back',
        );
      }),
    );
