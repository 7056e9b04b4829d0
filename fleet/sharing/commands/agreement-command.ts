import { Command, Option } from 'commander';
import { print, renderTable } from '../../access/table.js';
import { parseWhole } from '../../access/command-parts.js';
import type { OpenedSession } from '../../api-session.js';
import { draftCommand, redraftCommand, templatesCommand } from './draft-commands.js';
import { joinCommand } from './join-command.js';
import { organisationsOf, partyOf } from './organisation-names.js';
import { readDocument } from './read-document.js';
import {
  renderAgreement,
  renderDiff,
  renderHistory,
  writeTerms,
  type SeenAgreement,
} from './render-agreement.js';
import { allOf, openPersonSession, sessionOptions, type SessionOptions } from './session.js';

/** `terroir-fleet agreement`. It speaks with a running fleet, as a person: an agreement is signed in person. */
export const agreementCommand = (): Command => {
  const command = new Command('agreement')
    .description('Agreements: who gives which data to whom, for what, on which conditions, until when.')
    .addHelpText('after', EXAMPLES);
  const commands = [
    templatesCommand(),
    draftCommand(),
    redraftCommand(),
    act('propose', 'Propose a draft to its parties, who see it from then on.'),
    signCommand(),
    amendCommand(),
    act('recall', 'Take back a version of yours that is not in force yet.'),
    inviteCommand(),
    joinCommand(),
    withdrawCommand(),
    act('end', 'Agree that it ends for all; it does when all parties have.'),
    showCommand(),
    listCommand(),
    historyCommand(),
    diffCommand(),
  ];
  for (const each of commands) command.addCommand(each);
  return command;
};

const EXAMPLES = `
All of them want --login-file (or TERROIR_LOGIN_FILE). Organisations below yours are named by id, official code or name,
others by id. To sign, withdraw and end takes an owner of the party itself.

Examples:
  terroir-fleet agreement templates parking-live
  terroir-fleet agreement draft --template parking-live --months 36 \\
    --party commune=41200 --party 'commune=8k…=Ville de Brenne' --party 'territoire=3f…=Syndicat du Val' \\
    --dataset parking=7k… --dataset 8k…/parking=2m…
  terroir-fleet agreement propose 5x…
  terroir-fleet agreement show 5x…                      # what it says, in words
  terroir-fleet agreement sign 5x… 1                    # the version that you have read
  terroir-fleet agreement show 5x… --terms > terms.yaml # change it, then:
  terroir-fleet agreement amend 5x… --file terms.yaml
  terroir-fleet agreement join 5x… --like parking-saint-aubin --dataset 9q…
  terroir-fleet agreement withdraw 5x… --reason 'budget'
  terroir-fleet agreement diff 5x… --from 1 --to 2`;

const pathOf = (id: string, what = ''): string => `agreements/${encodeURIComponent(id)}${what}`;

const named = (name: string, description: string): Command =>
  sessionOptions(new Command(name).description(description)).argument('<agreement>', 'its id');

/** Asks for an act, and shows what the agreement is then. */
const doAct = async (id: string, name: string, options: SessionOptions, body: object = {}): Promise<void> => {
  const session = await openPersonSession(options);
  const agreement = (await session.ask('POST', pathOf(id, `/${name}`), body)) as SeenAgreement;
  print(options.json, agreement, renderAgreement(agreement));
};

const act = (name: string, description: string): Command =>
  named(name, description).action((id: string, options: SessionOptions) => doAct(id, name, options));

const signCommand = (): Command =>
  named('sign', 'Sign a version for your organisation, in person; the last signature puts it in force.')
    .argument('<version>', 'the number of the version that you have read (agreement show)', parseWhole)
    .action((id: string, version: number, options: SessionOptions) =>
      doAct(id, 'sign', options, { version }),
    );

const amendCommand = (): Command =>
  named('amend', 'Propose other terms; those in force stay so until all have signed.')
    .requiredOption('--file <file>', 'YAML or JSON of the whole terms (agreement show --terms writes them)')
    .action((id: string, options: SessionOptions & { readonly file: string }) =>
      doAct(id, 'amend', options, { terms: readDocument(options.file) }),
    );

const inviteCommand = (): Command =>
  named('invite', 'Invite a further party.')
    .requiredOption('--party <id=name>', 'its id, and how the agreement is to call it')
    .action(async (id: string, options: SessionOptions & { readonly party: string }) => {
      const session = await openPersonSession(options);
      const party = partyOf(await organisationsOf(session), options.party);
      const agreement = (await session.ask('POST', pathOf(id, '/invite'), party)) as SeenAgreement;
      print(options.json, agreement, renderAgreement(agreement));
    });

const withdrawCommand = (): Command =>
  named('withdraw', 'Withdraw, or refuse: nothing is given or got any more, from the next answer on.')
    .option('--reason <text>', 'what the other parties read')
    .action((id: string, options: SessionOptions & { readonly reason?: string }) =>
      doAct(id, 'withdraw', options, options.reason === undefined ? {} : { reason: options.reason }),
    );

const readOne = async ({ ask }: OpenedSession, id: string): Promise<SeenAgreement> =>
  (await ask('GET', pathOf(id))) as SeenAgreement;

const showCommand = (): Command =>
  named('show', 'What an agreement says, who has signed, who has left.')
    .option('--terms', 'the terms alone, as YAML to change and amend with', false)
    .action(async (id: string, options: SessionOptions & { readonly terms: boolean }) => {
      const agreement = await readOne(await openPersonSession(options), id);
      print(options.json, agreement, options.terms ? writeTerms(agreement) : renderAgreement(agreement));
    });

const listCommand = (): Command =>
  sessionOptions(new Command('list').description('Agreements in which you have or had a part.'))
    .option('--status <status>', 'only: draft, proposed, signed, in-force, withdrawn, ended')
    .action(async (options: SessionOptions & { readonly status?: string }) => {
      const all = await allOf<SeenAgreement>(await openPersonSession(options), 'agreements');
      const found = all.filter(({ status }) => options.status === undefined || options.status === status);
      const rows = found.map(({ id, status, open, versions, parties }) => [
        id,
        status,
        open === null || status === 'draft' ? '' : `version ${open} waits`,
        versions.at(-1)?.terms.title.fr ?? '',
        parties
          .filter(({ withdrawnAt }) => withdrawnAt === null)
          .map(({ name }) => name)
          .join(', '),
      ]);
      print(options.json, found, renderTable([['ID', 'STATUS', '', 'TITLE', 'PARTIES'], ...rows]));
    });

const historyCommand = (): Command =>
  named('history', 'What happened to it, in order.').action(async (id: string, options: SessionOptions) => {
    const session = await openPersonSession(options);
    const history = (await session.ask('GET', pathOf(id, '/history'))) as Parameters<typeof renderHistory>[0];
    print(options.json, history.items, renderHistory(history, await readOne(session, id)));
  });

const diffCommand = (): Command =>
  named('diff', 'What one version says otherwise than another.')
    .addOption(new Option('--from <number>').argParser(parseWhole).makeOptionMandatory())
    .addOption(new Option('--to <number>').argParser(parseWhole).makeOptionMandatory())
    .action(async (id: string, options: SessionOptions & { readonly from: number; readonly to: number }) => {
      const { ask } = await openPersonSession(options);
      const path = pathOf(id, `/diff?from=${options.from}&to=${options.to}`);
      const diff = (await ask('GET', path)) as Parameters<typeof renderDiff>[0];
      print(options.json, diff.changes, renderDiff(diff));
    });
