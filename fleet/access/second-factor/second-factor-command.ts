import { Command, InvalidArgumentError } from 'commander';
import { ROLES, type Role } from '../../store/people-store.js';
import { changeAsOperator } from '../audit/operator-audit.js';
import { commonOptions, personNamed, resourceOf, type Common } from '../command-parts.js';
import { organisationOf, withPeople } from '../open-people.js';
import { print } from '../table.js';

/** `terroir-fleet user 2fa`. */
export const secondFactorCommand = (): Command =>
  new Command('2fa')
    .description('Second factors.')
    .addCommand(secondFactorResetCommand())
    .addCommand(secondFactorRequireCommand());

const secondFactorResetCommand = (): Command =>
  commonOptions(
    new Command('reset').description(
      'Remove a person’s second factor and recovery codes; ends their sessions.',
    ),
  )
    .argument('<login>')
    .action((login: string, options: Common) =>
      withPeople(options, (opened) => {
        const person = personNamed(opened, login);
        changeAsOperator(
          opened.registry,
          () => {
            opened.people.accounts.removeSecondFactor(person.id);
            opened.people.sessions.endAll(person.id);
          },
          () => ({
            action: 'manage-people',
            resource: resourceOf(person),
            before: { secondFactor: person.secondFactorSince !== null },
            after: { secondFactor: false },
          }),
        );
        print(
          options.json,
          { login: person.login, secondFactor: false },
          `${person.login}: no second factor\n`,
        );
      }),
    );

const parseRoles = (text: string): Role[] => {
  const names = text.split(',').filter((name) => name !== '');
  const roles = ROLES.filter((role) => names.includes(role));
  if (roles.length !== names.length) throw new InvalidArgumentError(`roles are ${ROLES.join(', ')}.`);
  return roles;
};

const secondFactorRequireCommand = (): Command =>
  commonOptions(
    new Command('require').description('Say which roles need a second factor at an organisation and below.'),
  )
    .requiredOption('--roles <roles>', 'with commas between; empty for none', parseRoles)
    .option('--organisation <organisation>', 'id, official code or name (default: the one on top)')
    .action((options: Common & { roles: Role[]; organisation?: string }) =>
      withPeople(options, ({ registry, people }) => {
        const organisation = organisationOf(registry.organisations(), options.organisation);
        const before = people.needs.rolesAt(organisation.id);
        changeAsOperator(
          registry,
          () => people.needs.require(organisation.id, options.roles),
          () => ({
            action: 'manage-people',
            resource: { type: 'organisation', id: organisation.id, organisationId: organisation.id },
            before: { secondFactor: [...before] },
            after: { secondFactor: [...people.needs.rolesAt(organisation.id)] },
          }),
        );
        const roles = people.needs.rolesAt(organisation.id);
        const text = roles.length === 0 ? 'nobody' : roles.join(', ');
        print(
          options.json,
          { organisationId: organisation.id, secondFactor: roles },
          `${organisation.name}: a second factor is asked of ${text}\n`,
        );
      }),
    );
