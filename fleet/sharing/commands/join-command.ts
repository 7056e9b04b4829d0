import { Command } from 'commander';
import { print } from '../../access/table.js';
import type { OpenedSession } from '../../api-session.js';
import { slugOf } from '../../slug.js';
import { SharingError } from '../errors.js';
import { clauseKeyOf } from '../fill-template.js';
import type { Clause } from '../terms.js';
import { readDocument } from './read-document.js';
import { renderAgreement, type SeenAgreement } from './render-agreement.js';
import { openPersonSession, sessionOptions, type SessionOptions } from './session.js';

interface JoinOptions extends SessionOptions {
  readonly file?: string;
  readonly like?: string;
  readonly dataset?: string;
}

export const joinCommand = (): Command =>
  sessionOptions(
    new Command('join').description(
      'Join an agreement that you are invited to; then sign. You may give nothing.',
    ),
  )
    .argument('<agreement>', 'its id')
    .option('--like <clause>', 'give what this clause of it gives, to the same, for the same, …')
    .option('--dataset <id>', '… of this dataset of yours')
    .option('--file <file>', 'or YAML or JSON: a list of the clauses that you give')
    .action(async (id: string, options: JoinOptions) => {
      const session = await openPersonSession(options);
      const path = `agreements/${encodeURIComponent(id)}`;
      const agreement = (await session.ask('GET', path)) as SeenAgreement;
      const clauses = clausesAsked(session, agreement, options);
      const joined = (await session.ask('POST', `${path}/join`, { clauses })) as SeenAgreement;
      print(options.json, joined, renderAgreement(joined));
    });

const clausesAsked = (
  { organisationId }: OpenedSession,
  { versions, inForce, invited }: SeenAgreement,
  { file, like, dataset }: JoinOptions,
): unknown => {
  if (file !== undefined) return readDocument(file);
  if (like === undefined && dataset === undefined) return [];
  if (like === undefined || dataset === undefined) {
    throw new SharingError('invalid', '--like CLAUSE and --dataset ID go together.');
  }
  const clauses = versions.find(({ number }) => number === inForce)?.terms.clauses ?? [];
  const model = clauses.find(({ key }) => key === like);
  if (model === undefined) {
    const keys = clauses.map(({ key }) => key).join(', ');
    throw new SharingError('invalid', `It has no clause ${like} in force: ${keys}.`);
  }
  const name = invited.find((party) => party.organisationId === organisationId)?.name ?? organisationId;
  const key = clauseKeyOf(like.split('-')[0] ?? '', slugOf(name));
  return [{ ...model, key, giver: organisationId, dataset } satisfies Clause];
};
