import { randomBytes } from 'node:crypto';
import { Argument, Command, Option } from 'commander';
import { ROLES, type PersonState, type Role } from '../store/people-store.js';
import { changeAsOperator } from './audit/operator-audit.js';
import { commonOptions, parseWhole, personNamed, resourceOf, type Common } from './command-parts.js';
import { invitationLink } from './invitations.js';
import { limitFrom, limitOptions, limitText, type LimitOptions } from './limit-options.js';
import { organisationOf, withPeople } from './open-people.js';
import { hashPassword, randomPassword } from './passwords.js';
import { secondFactorCommand } from './second-factor/second-factor-command.js';
import { dayOf, print, renderTable } from './table.js';

/** `terroir-fleet user`. All of it works on the data folder, whether or not the service runs. */
export const userCommand = (): Command =>
  new Command('user')
    .description('People: list, add, invite, disable, and help those who cannot get in.')
    .addHelpText('after', EXAMPLES)
    .addCommand(listCommand())
    .addCommand(addCommand())
    .addCommand(inviteCommand())
    .addCommand(
      accountCommand(
        'disable',
        'Keep a person out from now on; ends their sessions and own keys.',
        'disable',
      ),
    )
    .addCommand(accountCommand('enable', 'Let a disabled person in again.', 'enable'))
    .addCommand(resetCommand())
    .addCommand(roleCommand())
    .addCommand(secondFactorCommand());

const EXAMPLES = `
Examples:
  terroir-fleet user list --json
  terroir-fleet user invite --organisation 63014 --role operator --url https://terroir.example.fr
  terroir-fleet user invite --role technician --site 'Pumping station 4' --day 2026-11-27
  terroir-fleet user reset-password zoe            # a link by which she chooses a new one
  terroir-fleet user 2fa reset zoe                 # she lost her phone and her recovery codes
  terroir-fleet user 2fa require --roles owner,operator`;

const roleOption = (): Option => new Option('--role <role>').choices([...ROLES]).makeOptionMandatory();

const CONSOLE_URL = 'http://127.0.0.1:8080';

const listCommand = (): Command =>
  commonOptions(new Command('list').description('Who is there.'))
    .option('--organisation <organisation>', 'id, official code or name (default: all)')
    .action((options: Common & { organisation?: string }) =>
      withPeople(options, ({ registry }) => {
        const organisations = registry.organisations();
        const only =
          options.organisation === undefined
            ? undefined
            : organisationOf(organisations, options.organisation);
        const people = registry
          .people()
          .filter(({ organisationId }) => only === undefined || organisationId === only.id);
        const nameOf = (wanted: string) => organisations.find(({ id }) => id === wanted)?.name ?? wanted;
        const siteName = (id: string) => registry.record('site', id)?.name ?? id;
        const rows = people.map((person) => [
          person.login,
          person.name,
          person.role,
          person.limit === undefined ? '' : limitText(person.limit, siteName),
          nameOf(person.organisationId),
          person.secondFactorSince === null ? '-' : '2fa',
          person.disabledAt === null ? '' : `disabled ${dayOf(person.disabledAt)}`,
        ]);
        const head = ['LOGIN', 'NAME', 'ROLE', 'ONLY', 'ORGANISATION', '2FA', ''];
        print(options.json, people, renderTable([head, ...rows]));
      }),
    );

const addCommand = (): Command =>
  limitOptions(
    commonOptions(
      new Command('add').description(
        'Add a person with a password, shown once, that the first login replaces.',
      ),
    ),
  )
    .argument('<login>')
    .addOption(roleOption())
    .option('--organisation <organisation>', 'id, official code or name (default: the one on top)')
    .option('--name <name>', 'how the person is called')
    .action(
      (
        login: string,
        options: Common & LimitOptions & { role: Role; organisation?: string; name?: string },
      ) =>
        withPeople(options, async ({ registry, people }) => {
          const { role, name = login } = options;
          const organisation = organisationOf(registry.organisations(), options.organisation);
          const password = randomPassword(randomBytes);
          const passwordHash = await hashPassword(password);
          const limit = limitFrom({ registry }, organisation, options);
          const added = { login, name, role, organisationId: organisation.id, passwordHash, ...limit };
          const person = changeAsOperator(
            registry,
            () => people.accounts.add({ ...added, mustChangePassword: true }),
            (made) => ({
              action: 'manage-people',
              resource: resourceOf(made),
              after: { login: made.login, ...placeOf(made) },
            }),
          );
          print(
            options.json,
            { id: person.id, login: person.login, password },
            `${person.login}, ${role} of ${organisation.name}; password, shown only now: ${password}\n`,
          );
        }),
    );

const inviteCommand = (): Command =>
  limitOptions(
    commonOptions(new Command('invite').description('Make a link by which somebody joins: works once.')),
  )
    .addOption(roleOption())
    .option('--organisation <organisation>', 'id, official code or name (default: the one on top)')
    .option('--login <login>', 'how their login begins; four characters that nobody chose come with it')
    .option('--name <name>')
    .option('--hours <count>', 'how long it is good', parseWhole)
    .option('--url <address>', 'where the console is', CONSOLE_URL)
    .action(
      (
        options: Common &
          LimitOptions & {
            role: Role;
            url: string;
            organisation?: string;
            login?: string;
            name?: string;
            hours?: number;
          },
      ) =>
        withPeople(options, ({ registry, people }) => {
          const { role, login, name, hours } = options;
          const organisation = organisationOf(registry.organisations(), options.organisation);
          const limit = limitFrom({ registry }, organisation, options);
          const order = { organisationId: organisation.id, role, login, name, hours, ...limit };
          const issued = changeAsOperator(
            registry,
            () => people.invitations.invite({ ...order, createdBy: 'terroir-fleet' }),
            ({ id }) => ({
              action: 'manage-people',
              resource: { type: 'invitation', id, organisationId: organisation.id },
              after: {
                login: login ?? null,
                ...placeOf({ role, organisationId: organisation.id, ...limit }),
              },
            }),
          );
          printLink(options, issued, `Good once, to become ${role} of ${organisation.name},`);
        }),
    );

const printLink = (
  { json, url }: { readonly json: boolean; readonly url: string },
  { id, token, expires }: { readonly id: string; readonly token: string; readonly expires: number },
  what: string,
): void => {
  const link = invitationLink(url, token);
  const until = new Date(expires).toISOString();
  print(json, { id, link, token, expires: until }, `${what} until ${until}:\n${link}\n`);
};

const accountCommand = (name: string, description: string, change: 'disable' | 'enable'): Command =>
  commonOptions(new Command(name).description(description))
    .argument('<login>')
    .action((login: string, options: Common) =>
      withPeople(options, (opened) => {
        const person = personNamed(opened, login);
        changeAsOperator(
          opened.registry,
          () => opened.people.accounts[change](person.id),
          () => ({
            action: 'manage-people',
            resource: resourceOf(person),
            before: { disabled: person.disabledAt !== null },
            after: { disabled: change === 'disable' },
          }),
        );
        print(options.json, { login: person.login, done: change }, `${person.login}: ${change}d\n`);
      }),
    );

const resetCommand = (): Command =>
  commonOptions(
    new Command('reset-password').description(
      'Make a link by which a person chooses a new password: works once.',
    ),
  )
    .argument('<login>')
    .option('--hours <count>', 'how long it is good', parseWhole)
    .option('--url <address>', 'where the console is', CONSOLE_URL)
    .action((login: string, options: Common & { hours?: number; url: string }) =>
      withPeople(options, (opened) => {
        const person = personNamed(opened, login);
        const order = { hours: options.hours, createdBy: 'terroir-fleet' };
        const issued = changeAsOperator(
          opened.registry,
          () => opened.people.invitations.inviteToReset(person, order),
          () => ({
            action: 'manage-people',
            resource: resourceOf(person),
            after: { passwordLink: true },
          }),
        );
        printLink(options, issued, `Good once, for a new password of ${person.login},`);
      }),
    );

const roleCommand = (): Command =>
  limitOptions(
    commonOptions(
      new Command('role').description('Give a person another role; ends their sessions and own keys.'),
    ),
  )
    .argument('<login>')
    .addArgument(new Argument('<role>').choices([...ROLES]))
    .option('--organisation <organisation>', 'id, official code or name (default: the one they are in)')
    .action((login: string, role: Role, options: Common & LimitOptions & { organisation?: string }) =>
      withPeople(options, (opened) => {
        const person = personNamed(opened, login);
        const wanted = options.organisation ?? person.organisationId;
        const organisation = organisationOf(opened.registry.organisations(), wanted);
        const place = { role, organisationId: organisation.id, ...limitFrom(opened, organisation, options) };
        changeAsOperator(
          opened.registry,
          () => opened.people.accounts.place(person.id, place),
          () => ({
            action: 'manage-people',
            resource: resourceOf(person),
            before: placeOf(person),
            after: placeOf(place),
          }),
        );
        const done = { login: person.login, ...place };
        print(options.json, done, `${person.login}: ${role} of ${organisation.name}\n`);
      }),
    );

const placeOf = ({
  role,
  organisationId,
  limit,
}: Pick<PersonState, 'role' | 'organisationId' | 'limit'>) => ({
  role,
  organisationId,
  ...(limit === undefined ? {} : { limit: { ...limit } }),
});
