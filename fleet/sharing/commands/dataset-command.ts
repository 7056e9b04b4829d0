import { Argument, Command } from 'commander';
import { print, renderTable } from '../../access/table.js';
import type { OpenedSession } from '../../api-session.js';
import { AUDIENCES, type Audience, type DatasetContent } from '../dataset.js';
import type { Selection } from '../selection.js';
import { datasetFrom, datasetOptions, type DatasetFlags } from './dataset-options.js';
import { organisationIdOf, organisationsOf, type Named } from './organisation-names.js';
import { readDocument } from './read-document.js';
import { allOf, openPersonSession, sessionOptions, type SessionOptions } from './session.js';
import { conditionsText, selectionText } from './words.js';

/** `terroir-fleet dataset`. It speaks with a running fleet, as a person. */
export const datasetCommand = (): Command =>
  new Command('dataset')
    .description('Datasets: living selections of an organisation’s points, private, for agreements, or open.')
    .addHelpText('after', EXAMPLES)
    .addCommand(createCommand())
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(updateCommand())
    .addCommand(audienceCommand())
    .addCommand(removeCommand());

const EXAMPLES = `
All of them want --login-file (or TERROIR_LOGIN_FILE).

Examples:
  terroir-fleet dataset create --title 'Places libres' --theme parking --audience agreement
  terroir-fleet dataset create --title 'Eau, jours' --property water_volume --finest 1d --delay 1d --audience agreement
  terroir-fleet dataset list
  terroir-fleet dataset update 7k… --title-en 'Free spaces' --finest 15m
  terroir-fleet dataset audience 7k… private           # nothing of it reaches anybody from the next answer on
  terroir-fleet dataset audience 7k… open`;

export interface SeenDataset extends Omit<DatasetContent, 'selection'> {
  readonly id: string;
  readonly organisationId: string;
  readonly revision: number;
  /** `null`: it is another organisation's. */
  readonly selection: Selection | null;
}

type Options = SessionOptions & DatasetFlags & { readonly file?: string; readonly organisation?: string };

const FILE = 'YAML or JSON of the whole dataset; flags put something else in its place';

const createCommand = (): Command =>
  sessionOptions(
    datasetOptions(new Command('create').description('Make a dataset; private unless you say otherwise.')),
  )
    .option('--organisation <organisation>', 'whose: id, official code or name (default: yours)')
    .option('--file <file>', FILE)
    .action(async (options: Options) => {
      const content = datasetFrom(options, contentIn(options.file));
      const session = await openPersonSession(options);
      const known = await organisationsOf(session);
      const { organisation } = options;
      const organisationId =
        organisation === undefined ? session.organisationId : organisationIdOf(known, organisation);
      const made = (await session.ask('POST', 'datasets', { organisationId, ...content })) as SeenDataset;
      print(options.json, made, renderDataset(made, known));
    });

const contentIn = (file: string | undefined): Partial<DatasetContent> =>
  // the fleet says what is wrong with it
  file === undefined ? {} : (readDocument(file) as Partial<DatasetContent>);

const listCommand = (): Command =>
  sessionOptions(
    new Command('list').description('Yours, those that agreements give you, and open ones.'),
  ).action(async (options: SessionOptions) => {
    const session = await openPersonSession(options);
    const [datasets, known] = [await allOf<SeenDataset>(session, 'datasets'), await organisationsOf(session)];
    const rows = datasets.map((dataset) => [
      dataset.id,
      nameOf(known, dataset.organisationId),
      dataset.audience,
      dataset.title.fr,
      conditionsText(dataset.conditions),
    ]);
    print(options.json, datasets, renderTable([['ID', 'OF', 'AUDIENCE', 'TITLE', 'CONDITIONS'], ...rows]));
  });

const nameOf = (known: readonly Named[], wanted: string): string =>
  known.find(({ id }) => id === wanted)?.name ?? wanted;

const readOne = async ({ ask }: OpenedSession, id: string): Promise<SeenDataset> =>
  (await ask('GET', `datasets/${encodeURIComponent(id)}`)) as SeenDataset;

const showCommand = (): Command =>
  sessionOptions(new Command('show').description('One dataset.'))
    .argument('<dataset>', 'its id')
    .action(async (id: string, options: SessionOptions) => {
      const session = await openPersonSession(options);
      const dataset = await readOne(session, id);
      print(options.json, dataset, renderDataset(dataset, await organisationsOf(session)));
    });

const updateCommand = (): Command =>
  sessionOptions(
    datasetOptions(new Command('update').description('Change a dataset; what you do not say stays.')),
  )
    .argument('<dataset>', 'its id')
    .option('--file <file>', FILE)
    .action(async (id: string, options: Options) => {
      const { file } = options;
      await change(id, options, (known) =>
        datasetFrom(options, file === undefined ? known : contentIn(file)),
      );
    });

const audienceCommand = (): Command =>
  sessionOptions(
    new Command('audience').description(
      'Say who gets it: nobody else, agreements that name it, or everybody; at once.',
    ),
  )
    .argument('<dataset>', 'its id')
    .addArgument(new Argument('<audience>').choices([...AUDIENCES]))
    .action((id: string, audience: Audience, options: SessionOptions) =>
      change(id, options, (known) => ({ ...known, audience })),
    );

const removeCommand = (): Command =>
  sessionOptions(
    new Command('remove').description('Remove a dataset: agreements give nothing of it any more.'),
  )
    .argument('<dataset>', 'its id')
    .action(async (id: string, options: SessionOptions) => {
      const session = await openPersonSession(options);
      const { title } = await readOne(session, id);
      await session.ask('DELETE', `datasets/${encodeURIComponent(id)}`);
      print(options.json, { id, removed: true }, `${title.fr}: removed\n`);
    });

const change = async (
  id: string,
  options: SessionOptions,
  changed: (known: DatasetContent) => DatasetContent,
): Promise<void> => {
  const session = await openPersonSession(options);
  const { id: _, organisationId: _o, revision: _r, selection, ...known } = await readOne(session, id);
  const path = `datasets/${encodeURIComponent(id)}`;
  // what is another's shows no selection, and the fleet refuses the change
  const content = changed({ ...known, selection: selection ?? {} });
  const made = (await session.ask('PUT', path, content)) as SeenDataset;
  print(options.json, made, renderDataset(made, await organisationsOf(session)));
};

const renderDataset = (dataset: SeenDataset, known: readonly Named[]): string => {
  const { id, organisationId, revision, title, description, audience, licence, selection, conditions } =
    dataset;
  const rows: (readonly [string, string | undefined])[] = [
    ['id', `${id}, revision ${revision}`],
    ['of', nameOf(known, organisationId)],
    ['title', [title.fr, title.en].filter(Boolean).join(' / ')],
    ['about', description?.fr],
    ['audience', audience],
    ['selects', selectionText(selection)],
    ['conditions', conditionsText(conditions) || 'none'],
    ['licence', [licence.key, licence.url].filter(Boolean).join(', ')],
  ];
  return renderTable(rows.flatMap(([name, text]) => (text === undefined ? [] : [[name, text]])));
};
