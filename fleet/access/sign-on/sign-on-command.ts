import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { parse } from 'yaml';
import { changeAsOperator } from '../audit/operator-audit.js';
import { AccessError } from '../errors.js';
import { organisationOf, withPeople } from '../open-people.js';
import { print, renderTable } from '../table.js';
import { commonOptions } from '../command-parts.js';
import { readSecretFile, sealSecret, secretOf } from './provider-secret.js';
import { parseProviderSettings } from './provider-settings.js';

interface Common {
  readonly data: string;
  readonly json: boolean;
  readonly accessKeyFile?: string;
}

/** `terroir-fleet sign-on`. Configured by who runs the fleet, since the service asks the addresses that stand there. */
export const signOnCommand = (): Command =>
  new Command('sign-on')
    .description('Identity providers (OpenID Connect) at which people of an organisation sign in.')
    .addHelpText('after', EXAMPLE)
    .addCommand(addCommand())
    .addCommand(listCommand())
    .addCommand(removeCommand());

const EXAMPLE = `
A provider is a file:
  id: agglo                                  # people sign in at https://terroir.example.fr/#sign-on=agglo
  name: Agents de l'agglomération
  organisation: 4f…                          # it signs in nobody outside this one
  issuer: https://auth.example.fr/realms/agents
  clientId: terroir
  fleetUrl: https://terroir.example.fr       # register <fleetUrl>/api/v1/sign-on/callback there
  secondFactor: { amr: [mfa] }               # proves a second factor
  mapping:                                   # the first rule that matches; nobody is known by an e-mail address
    - { claim: groups, value: terroir-exploitation, organisation: 4f…, role: operator }

  terroir-fleet sign-on add agglo.yaml --secret-file secret.txt`;

const addCommand = (): Command =>
  commonOptions(new Command('add').description('Add an identity provider, or change the one of this id.'))
    .argument('<file>', 'its settings, YAML or JSON')
    .option('--secret-file <file>', 'client secret, to be sealed in the data folder')
    .option('--access-key-file <file>', 'as given to serve')
    .action((file: string, options: Common & { secretFile?: string }) =>
      withPeople(options, ({ registry, sealing }) => {
        const settings = parseProviderSettings(parse(readFileSync(file, 'utf8')));
        const { id, name, organisation, listed = false, mapping = [] } = settings;
        const organisations = registry.organisations();
        for (const place of [organisation, ...mapping.map((rule) => rule.organisation)]) {
          if (organisationOf(organisations, place).id !== place) {
            throw new AccessError('bad-request', `organisation: give the id of ${place}.`);
          }
        }
        const sealedSecret =
          options.secretFile === undefined
            ? (registry.provider(id)?.sealedSecret ?? null)
            : sealSecret(readSecretFile(options.secretFile), id, sealing);
        secretOf({ id, sealedSecret }, settings, sealing);
        const row = { id, organisationId: organisation, name, listed, sealedSecret };
        changeAsOperator(
          registry,
          () => registry.putProvider({ ...row, settings: JSON.stringify(settings) }),
          () => ({
            action: 'manage-sign-on',
            resource: { type: 'identity-provider', id, organisationId: organisation },
            after: { name, issuer: settings.issuer, clientId: settings.clientId },
          }),
        );
        const callback = new URL('/api/v1/sign-on/callback', settings.fleetUrl).href;
        const link = new URL(`/#sign-on=${id}`, settings.fleetUrl).href;
        print(
          options.json,
          { id, callback, link },
          `${id}: register ${callback}; people sign in at ${link}\n`,
        );
      }),
    );

const listCommand = (): Command =>
  commonOptions(new Command('list').description('Identity providers; never their secrets.')).action(
    (options: Common) =>
      withPeople(options, ({ registry }) => {
        const providers = registry
          .providers()
          .map(({ settings }) => parseProviderSettings(JSON.parse(settings)));
        const rows = providers.map(({ id, name, organisation, issuer }) => [id, name, organisation, issuer]);
        print(options.json, providers, renderTable([['ID', 'NAME', 'ORGANISATION', 'ISSUER'], ...rows]));
      }),
  );

const removeCommand = (): Command =>
  commonOptions(new Command('remove').description('Forget an identity provider; its people stay.'))
    .argument('<id>')
    .action((id: string, options: Common) =>
      withPeople(options, ({ registry }) => {
        const provider = registry.provider(id);
        if (provider === undefined)
          throw new AccessError('not-found', `There is no identity provider ${id}.`);
        changeAsOperator(
          registry,
          () => registry.removeProvider(id),
          () => ({
            action: 'manage-sign-on',
            resource: { type: 'identity-provider', id, organisationId: provider.organisationId },
            before: { name: provider.name },
          }),
        );
        print(options.json, { id, removed: true }, `${id}: removed\n`);
      }),
    );
