import { InvalidArgumentError, Option, type Command } from 'commander';
import { acting, idOf, type Acting } from './act-command.js';
import { OrganisationError } from './errors.js';
import { performAsOperator, withOrganisations } from './open-organisations.js';

/** `terroir-fleet organisation transfer|unite|split`: who holds what, from a date on. */

const dated = (made: Command): Command =>
  made
    .requiredOption('--from <date>', 'from when on, e.g. 2026-01-01: midnight there')
    .addOption(
      new Option('--past <right>', 'whether the next holder may read what was measured before')
        .choices(['readable', 'withheld'])
        .makeOptionMandatory(),
    );
const things = (made: Command): Command =>
  made
    .option('--gateways <ids...>', 'with the devices that they read')
    .option('--devices <ids...>')
    .option('--locations <ids...>')
    .option('--sites <ids...>');

interface TermsOptions extends Acting {
  readonly from: string;
  readonly past: 'readable' | 'withheld';
}

interface ThingsOptions {
  readonly gateways?: string[];
  readonly devices?: string[];
  readonly locations?: string[];
  readonly sites?: string[];
}

const thingsOf = ({ gateways = [], devices = [], locations = [], sites = [] }: ThingsOptions) => ({
  gateways,
  devices,
  locations,
  sites,
});

export const transferCommand = (): Command =>
  things(
    dated(acting('transfer', 'Give things, or all that an organisation holds, to another from a date on.')),
  )
    .requiredOption('--to <organisation>', 'the next holder')
    .option('--organisation <organisation>', 'everything that it holds')
    .option('--alone', 'without the devices of the gateways, and the locations that they leave', false)
    .action((options: TermsOptions & ThingsOptions & { to: string; organisation?: string; alone: boolean }) =>
      withOrganisations(options, (opened) => {
        const { to, from, past, organisation, alone } = options;
        const whole = organisation === undefined ? {} : { organisation: idOf(opened, organisation) };
        const asked = { to: idOf(opened, to), from, past, alone, ...whole, ...thingsOf(options) };
        performAsOperator(opened, 'transfer-holdings', { deed: 'transfer', asked }, options);
      }),
    );

interface UnionOptions {
  readonly into: string;
  readonly under?: string;
  readonly code?: string;
}

export const uniteCommand = (): Command =>
  dated(acting('unite', 'Unite organisations into one; they cease (communes nouvelles).'))
    .argument('<organisations...>')
    .requiredOption('--into <organisation>', 'one that is there, or with --under the name of a new one')
    .option('--under <organisation>', 'what the new one stands under; it is of the type of the first')
    .option('--code <code>', 'official code of the new one; it may be that of one that ceases')
    .action((texts: string[], options: TermsOptions & UnionOptions) =>
      withOrganisations(options, (opened) => {
        const { from, past, into, under, code } = options;
        const organisations = texts.map((text) => idOf(opened, text));
        const { type } = opened.organisations
          .draft(opened.actor)
          .need('organisation', organisations[0] ?? '');
        if (under === undefined && code !== undefined) {
          throw new OrganisationError('invalid', '--code is of a new one: give --under too.');
        }
        const made = { name: into, type, ...(code === undefined ? {} : { code }) };
        const target = under === undefined ? idOf(opened, into) : { parentId: idOf(opened, under), ...made };
        const asked = { organisations, into: target, from, past };
        performAsOperator(opened, 'transfer-holdings', { deed: 'unite', asked }, options);
      }),
    );

type Part = ReturnType<typeof thingsOf> & { readonly into: string };

const PART =
  /(?:^|\s)(into|gateways|devices|locations|sites)=(.*?)(?=\s+(?:into|gateways|devices|locations|sites)=|\s*$)/g;

/** `into=Val-Nord gateways=4f…,5a… sites=7k…` */
const collectPart = (text: string, before: readonly Part[]): readonly Part[] => {
  const given = new Map([...text.matchAll(PART)].map(([, name = '', value = '']) => [name, value]));
  const into = given.get('into');
  if (into === undefined) throw new InvalidArgumentError('write "into=NAME gateways=ID,ID sites=ID".');
  const ids = (name: string): string[] => given.get(name)?.split(',').filter(Boolean) ?? [];
  const things = { gateways: ids('gateways'), devices: ids('devices') };
  return [...before, { into, ...things, locations: ids('locations'), sites: ids('sites') }];
};

export const splitCommand = (): Command =>
  things(dated(acting('split', 'Split what an organisation holds among others.')))
    .argument('<organisation>')
    .option('--into <organisation>', 'who gets the things that are named, where it is one')
    .option(
      '--part <part>',
      'one part of several: "into=Val-Nord gateways=4f…,5a… sites=7k…"; repeat',
      collectPart,
      [],
    )
    .option('--ends', 'it ceases: then nothing may be left', false)
    .action(
      (
        text: string,
        options: TermsOptions & ThingsOptions & { into?: string; part: Part[]; ends: boolean },
      ) =>
        withOrganisations(options, (opened) => {
          const { from, past, into, part, ends } = options;
          const asOne = into === undefined ? [] : [{ ...thingsOf(options), into }];
          const parts = [...asOne, ...part].map((each) => ({ ...each, into: idOf(opened, each.into) }));
          if (parts.length === 0)
            throw new OrganisationError('invalid', 'Give --into, or --part for each part.');
          const asked = { organisation: idOf(opened, text), parts, ends, from, past };
          performAsOperator(opened, 'transfer-holdings', { deed: 'split', asked }, options);
        }),
    );
