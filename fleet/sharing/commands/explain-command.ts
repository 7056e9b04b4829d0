import { Command, Option } from 'commander';
import { print } from '../../access/table.js';
import { PURPOSES } from '../../access/keys/purposes.js';
import type { OpenedSession } from '../../api-session.js';
import { parseTime } from '../../parse-time.js';
import { FINEST_NAMES, type Finest } from '../conditions.js';
import type { Decision, Ground } from '../decide.js';
import { SharingError } from '../errors.js';
import type { SeenDataset } from './dataset-command.js';
import { organisationIdOf, organisationsOf } from './organisation-names.js';
import type { SeenAgreement } from './render-agreement.js';
import { allOf, openPersonSession, sessionOptions, type SessionOptions } from './session.js';
import { LIMITS, RESOLUTIONS } from './words.js';

interface ExplainOptions extends SessionOptions {
  readonly point?: string;
  readonly dataset?: string;
  readonly organisation?: string;
  readonly purpose?: string;
  readonly resolution: Finest;
  readonly from?: number;
  readonly to?: number;
}

/** A decision as the fleet answers it. */
interface SeenDecision extends Pick<Decision, 'outcome' | 'own' | 'aggregation' | 'onwardSharing'> {
  readonly given: readonly { readonly from: string; readonly to: string; readonly finest: Finest }[];
  readonly clauses: readonly Ground[];
}

/** `terroir-fleet explain`. */
export const explainCommand = (): Command =>
  sessionOptions(new Command('explain'))
    .description('Why something may be read or not, with the clauses that say so.')
    .option('--point <id>', 'of a point, or')
    .option('--dataset <id>', 'of a dataset')
    .option(
      '--organisation <organisation>',
      'who would read (default: yours); another: of your own data alone',
    )
    .addOption(new Option('--purpose <purpose>', 'what for').choices([...PURPOSES]))
    .addOption(new Option('--resolution <resolution>').choices([...FINEST_NAMES]).default('raw'))
    .option('--from <time>', 'default: a day before --to', parseTime)
    .option('--to <time>', 'default: now', parseTime)
    .addHelpText('after', EXAMPLES)
    .action(async (options: ExplainOptions) => {
      const session = await openPersonSession(options);
      const decision = (await session.ask(
        'POST',
        'decisions/explain',
        await askedOf(session, options),
      )) as SeenDecision;
      print(options.json, decision, renderDecision(decision, await namesOf(session), options));
    });

const EXAMPLES = `
Examples:
  terroir-fleet explain --point 7k… --purpose operations
  terroir-fleet explain --dataset 2m… --purpose research --resolution 1h --from 2026-11-01
  terroir-fleet explain --point 7k… --organisation 8k… --purpose planning   # who sees mine?`;

const askedOf = async (session: OpenedSession, options: ExplainOptions): Promise<object> => {
  const { point, dataset, organisation, purpose, resolution, from, to } = options;
  if ((point === undefined) === (dataset === undefined)) {
    throw new SharingError('invalid', 'Give either --point ID or --dataset ID.');
  }
  const asked = {
    point,
    dataset,
    purpose,
    organisationId:
      organisation === undefined ? undefined : organisationIdOf(await organisationsOf(session), organisation),
    resolution,
    from: from === undefined ? undefined : new Date(from).toISOString(),
    to: to === undefined ? undefined : new Date(to).toISOString(),
  };
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
};

interface Names {
  readonly agreement: (id: string) => string;
  readonly dataset: (id: string) => string;
}

/** How agreements and datasets that the caller sees are called. */
const namesOf = async (session: OpenedSession): Promise<Names> => {
  const agreements = await allOf<SeenAgreement>(session, 'agreements');
  const datasets = await allOf<SeenDataset>(session, 'datasets');
  return {
    agreement: (id) => agreements.find((each) => each.id === id)?.versions.at(-1)?.terms.title.fr ?? id,
    dataset: (id) => datasets.find((each) => each.id === id)?.title.fr ?? id,
  };
};

const OUTCOMES = {
  permit: 'Permitted, as asked.',
  'permit-reduced': 'Permitted, but not all that was asked.',
  deny: 'Not permitted.',
} as const;

const renderDecision = (
  { outcome, own, given, aggregation, onwardSharing, clauses }: SeenDecision,
  names: Names,
  { purpose }: ExplainOptions,
): string =>
  [
    OUTCOMES[outcome],
    own ? 'It is your own, or of an organisation below yours: no agreement is needed.' : '',
    ...given.map(
      ({ from, to, finest }) =>
        `  ${from.slice(0, 16).replace('T', ' ')} to ${to.slice(0, 16).replace('T', ' ')}: ${RESOLUTIONS[finest]} and coarser`,
    ),
    aggregation === null
      ? ''
      : `  only aggregated over ${aggregation.contributors} contributors, none above ${Math.round(aggregation.maxShare * 100)} %`,
    given.length > 0 && !own ? `  it may ${onwardSharing ? '' : 'not '}be passed on` : '',
    clauses.length === 0 && !own ? 'No clause of an agreement is about it, and no open dataset has it.' : '',
    outcome === 'deny' && purpose === undefined
      ? 'You said no --purpose: without one, agreements give nothing.'
      : '',
    ...clauses.map((clause) => groundText(clause, names)),
  ]
    .filter(Boolean)
    .map((line) => `${line}\n`)
    .join('');

const groundText = (
  { agreementId, version, clause, datasetId, gives, limits }: Ground,
  names: Names,
): string => {
  const what =
    agreementId === null
      ? `Open dataset “${names.dataset(datasetId)}”`
      : `Agreement “${names.agreement(agreementId)}” (${agreementId}), version ${version}, clause ${clause}, dataset “${names.dataset(datasetId)}”`;
  const why = limits.map((limit) => LIMITS[limit]).join('; ');
  return `${what} ${gives ? 'gives it' : 'does not give it'}${why === '' ? '.' : `: ${why}.`}`;
};
