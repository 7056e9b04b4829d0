import { Command, InvalidArgumentError, Option } from 'commander';
import { ROLES, type ApiKey, type Role } from '../../store/people-store.js';
import { isAction } from '../actions.js';
import { changeAsOperator } from '../audit/operator-audit.js';
import { AccessError } from '../errors.js';
import { organisationOf, withPeople } from '../open-people.js';
import { dayOf, print, renderTable } from '../table.js';
import { commonOptions, parseWhole } from '../command-parts.js';
import { KEY_DAYS, MAX_KEY_DAYS, OVERLAP_HOURS, type IssuedKey } from './api-keys.js';
import { PURPOSES, type Purpose } from './purposes.js';

interface Common {
  readonly data: string;
  readonly json: boolean;
}

/** `terroir-fleet key`. All of it works on the data folder, whether or not the service runs. */
export const keyCommand = (): Command =>
  new Command('key')
    .description('API keys of programs: each has a purpose, ends by itself, and is shown once.')
    .addHelpText(
      'after',
      `
Examples:
  terroir-fleet key create --name "data platform" --role viewer --purpose open-data --days 180
  terroir-fleet key list --json
  terroir-fleet key rotate 4ynz…                  # the old one goes on for a day
  terroir-fleet key revoke 4ynz…`,
    )
    .addCommand(createCommand())
    .addCommand(listCommand())
    .addCommand(revokeCommand())
    .addCommand(rotateCommand());

const parseActions = (text: string): string[] => {
  const actions = text.split(',');
  const unknown = actions.find((action) => !isAction(action));
  if (unknown !== undefined) throw new InvalidArgumentError(`there is no action ${unknown}.`);
  return actions;
};

interface CreateOptions extends Common {
  readonly name: string;
  readonly role: Role;
  readonly purpose: Purpose;
  readonly organisation?: string;
  readonly actions?: readonly string[];
  readonly days?: number;
}

const createCommand = (): Command =>
  commonOptions(new Command('create').description('Create a key for a program.'))
    .requiredOption('--name <name>', 'which program it is for')
    .addOption(new Option('--role <role>', 'what it may').choices([...ROLES]).makeOptionMandatory())
    .addOption(
      new Option('--purpose <purpose>', 'what its data is used for')
        .choices([...PURPOSES])
        .makeOptionMandatory(),
    )
    .option('--actions <actions>', 'narrower than the role, with commas between', parseActions)
    .option('--organisation <organisation>', 'id, official code or name (default: the one on top)')
    .option(
      '--days <count>',
      `how long it is good, ${MAX_KEY_DAYS} at most (default: ${KEY_DAYS})`,
      parseWhole,
    )
    .action((options: CreateOptions) =>
      withPeople(options, ({ registry, people }) => {
        const { id: organisationId } = organisationOf(registry.organisations(), options.organisation);
        const { name, role, purpose, actions, days } = options;
        const order = { name, role, purpose, actions, days, organisationId, createdBy: 'terroir-fleet' };
        const issued = changeAsOperator(
          registry,
          () => people.keys.create(order),
          ({ key }) => ({
            action: 'manage-keys',
            resource: { type: 'key', id: key.id, organisationId },
            after: rights(key),
          }),
        );
        printIssued(options.json, issued);
      }),
    );

const rights = ({ name, role, purpose, actions, expires }: ApiKey) => ({
  name,
  role,
  purpose,
  actions,
  expires,
});

const printIssued = (json: boolean, { text, key }: IssuedKey): void => {
  const { secretHash: _hidden, ...shown } = key;
  print(
    json,
    { ...shown, key: text },
    `Good until ${dayOf(key.expires)} UTC, as Authorization: Bearer; shown only now:\n${text}\n`,
  );
};

const listCommand = (): Command =>
  commonOptions(new Command('list').description('Keys, newest first; never their secrets.')).action(
    (options: Common) =>
      withPeople(options, ({ people }) => {
        const keys = people.keys.list().map(({ secretHash: _hidden, ...key }) => key);
        const rows = keys.map((key) => [
          key.id,
          key.name,
          key.role,
          key.purpose,
          stateOf(key),
          dayOf(key.expires),
          dayOf(key.lastUsedAt),
        ]);
        const head = ['ID', 'NAME', 'ROLE', 'PURPOSE', 'STATE', 'UNTIL', 'LAST USED'];
        print(options.json, keys, renderTable([head, ...rows]));
      }),
  );

const stateOf = ({ revokedAt, expires, replacedBy }: Omit<ApiKey, 'secretHash'>): string => {
  if (revokedAt !== null) return 'revoked';
  if (expires <= Date.now()) return 'ended';
  return replacedBy === null ? 'good' : 'replaced';
};

const revokeCommand = (): Command =>
  commonOptions(new Command('revoke').description('Refuse a key from now on.'))
    .argument('<id>', 'as `key list` shows it')
    .action((id: string, options: Common) =>
      withPeople(options, ({ registry, people }) => {
        const key = people.keys.find(id);
        if (key === undefined) throw new AccessError('not-found', `There is no key ${id}.`);
        changeAsOperator(
          registry,
          () => people.keys.revoke(id),
          () => ({
            action: 'manage-keys',
            resource: { type: 'key', id, organisationId: key.organisationId },
            before: rights(key),
          }),
        );
        print(options.json, { id, state: 'revoked' }, `${id}: revoked\n`);
      }),
    );

const rotateCommand = (): Command =>
  commonOptions(
    new Command('rotate').description('Make a new key with the same rights; the old one goes on a while.'),
  )
    .argument('<id>', 'as `key list` shows it')
    .option('--overlap-hours <count>', `how long the old one goes on (default: ${OVERLAP_HOURS})`, parseWhole)
    .action((id: string, options: Common & { overlapHours?: number }) =>
      withPeople(options, ({ registry, people }) => {
        const order = { overlapHours: options.overlapHours, createdBy: 'terroir-fleet' };
        const issued = changeAsOperator(
          registry,
          () => people.keys.rotate(id, order),
          ({ key }) => ({
            action: 'manage-keys',
            resource: { type: 'key', id, organisationId: key.organisationId },
            after: { replacedBy: key.id },
          }),
        );
        printIssued(options.json, issued);
      }),
    );
