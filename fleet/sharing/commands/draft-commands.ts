import { Command } from 'commander';
import { parseWhole } from '../../access/command-parts.js';
import { print, renderTable } from '../../access/table.js';
import type { OpenedSession } from '../../api-session.js';
import { parseTime } from '../../parse-time.js';
import { SharingError } from '../errors.js';
import { fillTemplate, type Blanks, type Taker } from '../fill-template.js';
import type { Template } from '../templates.js';
import { organisationIdOf, organisationsOf, partyOf, type Named } from './organisation-names.js';
import { readDocument } from './read-document.js';
import { renderAgreement, type SeenAgreement } from './render-agreement.js';
import { openPersonSession, sessionOptions, type SessionOptions } from './session.js';
import { conditionsText } from './words.js';

type NamedTemplate = Template & { readonly name: string };

interface DraftOptions extends SessionOptions {
  readonly file?: string;
  readonly template?: string;
  readonly party: readonly string[];
  readonly dataset: readonly string[];
  readonly from?: number;
  readonly to?: number;
  readonly months?: number;
}

const collect = (text: string, known: readonly string[]): readonly string[] => [...known, text];

const templatesOf = async ({ ask }: OpenedSession): Promise<readonly NamedTemplate[]> =>
  ((await ask('GET', 'agreements/templates')) as { readonly items: readonly NamedTemplate[] }).items;

const templateNamed = async (session: OpenedSession, name: string): Promise<NamedTemplate> => {
  const templates = await templatesOf(session);
  const found = templates.find((template) => template.name === name);
  if (found !== undefined) return found;
  const names = templates.map((template) => template.name).join(', ');
  throw new SharingError('unknown', `There is no template ${name}: ${names}.`);
};

export const templatesCommand = (): Command =>
  sessionOptions(new Command('templates').description('Templates of agreements, in French.'))
    .argument('[name]', 'one of them, with its text, parts and datasets')
    .action(async (name: string | undefined, options: SessionOptions) => {
      const session = await openPersonSession(options);
      if (name !== undefined) {
        const template = await templateNamed(session, name);
        print(options.json, template, renderTemplate(template));
        return;
      }
      const all = await templatesOf(session);
      const rows = all.map((template) => [template.name, template.title.fr, template.title.en ?? '']);
      print(options.json, all, renderTable([['NAME', 'TITRE', 'TITLE'], ...rows]));
    });

const renderTemplate = ({ title, text, roles, datasets, clauses, months }: NamedTemplate): string =>
  [
    `${title.fr}${title.en === undefined ? '' : ` / ${title.en}`}\n\n${text.fr}\n`,
    ...Object.entries(roles).map(
      ([key, role]) => `Part ${key}: ${role.name.fr}${role.several === true ? ', one or several' : ''}\n`,
    ),
    ...Object.entries(datasets).map(([key, dataset]) => `Dataset ${key}: ${dataset.title.fr}\n`),
    ...clauses.map(({ key, giver, dataset, receivers, purposes, conditions }) => {
      const to = receivers === 'parties' ? 'all others' : receivers.join(', ');
      const limits = conditionsText(conditions);
      return `Clause ${key}: ${giver} gives ${dataset} to ${to} for ${purposes.join(', ')}${limits === '' ? '' : `; ${limits}`}\n`;
    }),
    months === undefined ? '' : `Usual term: ${months} months\n`,
  ].join('');

const draftOptions = (command: Command): Command =>
  sessionOptions(command)
    .option('--file <file>', 'YAML or JSON of the whole terms, rather than a template')
    .option('--template <name>', 'agreement templates lists them')
    .option('--party <part=id=name>', 'who takes which part of the template; again for each', collect, [])
    .option(
      '--dataset <organisation/dataset=id>',
      'what they give; of yours dataset=id is enough; again for each',
      collect,
      [],
    )
    .option('--from <time>', 'begin of the term (default: when all have signed)', parseTime)
    .option('--to <time>', 'end of the term', parseTime)
    .option('--months <count>', 'or its length (default: the template’s)', parseWhole);

const termsAsked = async (session: OpenedSession, options: DraftOptions): Promise<object> => {
  const { file, template: name } = options;
  if ((file === undefined) === (name === undefined)) {
    throw new SharingError('invalid', 'Give --template NAME with --party and --dataset, or --file FILE.');
  }
  if (file !== undefined) return readDocument(file) as object;
  const template = await templateNamed(session, name ?? '');
  const known = await organisationsOf(session);
  return fillTemplate(template, {
    takers: options.party.map((text) => takerOf(known, text)),
    datasetOf: datasetsFrom(known, session.organisationId, options.dataset),
    ...termOf(options, template),
  });
};

const takerOf = (known: readonly Named[], text: string): Taker => {
  const [, role, party] = /^([a-z0-9-]+)=(.+)$/.exec(text) ?? [];
  if (role === undefined || party === undefined) {
    throw new SharingError('invalid', `--party ${text}: write PART=ID='How it is called'.`);
  }
  return { role, ...partyOf(known, party) };
};

const datasetsFrom = (
  known: readonly Named[],
  own: string,
  given: readonly string[],
): Blanks['datasetOf'] => {
  const ids = new Map(
    given.map((text) => {
      const [, organisation, key, id] = /^(?:(.+)\/)?([a-z0-9-]+)=([a-z0-9]+)$/.exec(text) ?? [];
      if (id === undefined) {
        throw new SharingError(
          'invalid',
          `--dataset ${text}: write ORGANISATION/DATASET=ID, of yours DATASET=ID.`,
        );
      }
      const owner = organisation === undefined ? own : organisationIdOf(known, organisation);
      return [`${owner}/${key}`, id] as const;
    }),
  );
  return (organisationId, key) => ids.get(`${organisationId}/${key}`);
};

const termOf = (
  { from, to, months }: DraftOptions,
  template: Template,
): { readonly from: number; readonly to: number | null } => {
  if (to !== undefined && months !== undefined) {
    throw new SharingError('invalid', 'Give --to or --months, not both.');
  }
  const length = months ?? template.months;
  if (to !== undefined) return { from: from ?? 0, to };
  const end = new Date(from ?? Date.now());
  end.setUTCMonth(end.getUTCMonth() + (length ?? 0));
  return { from: from ?? 0, to: length === undefined ? null : end.getTime() };
};

export const draftCommand = (): Command =>
  draftOptions(
    new Command('draft').description('Draft an agreement; you alone see it until you propose it.'),
  ).action(async (options: DraftOptions) => {
    const session = await openPersonSession(options);
    const terms = await termsAsked(session, options);
    const drafted = (await session.ask('POST', 'agreements', terms)) as SeenAgreement;
    print(options.json, drafted, renderAgreement(drafted));
  });

export const redraftCommand = (): Command =>
  draftOptions(new Command('redraft').description('Put other terms in the place of a draft’s.'))
    .argument('<agreement>', 'its id')
    .action(async (id: string, options: DraftOptions) => {
      const session = await openPersonSession(options);
      const path = `agreements/${encodeURIComponent(id)}/redraft`;
      const drafted = (await session.ask('POST', path, {
        terms: await termsAsked(session, options),
      })) as SeenAgreement;
      print(options.json, drafted, renderAgreement(drafted));
    });
