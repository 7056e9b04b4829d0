import { Command } from 'commander';
import { changeAsOperator } from '../access/audit/operator-audit.js';
import type { EnrolmentToken } from '../store/identity-store.js';
import type { Organisation } from '../store/registry-store.js';
import { COMMAND_LINE, withRegistry } from './open-registry.js';
import { printNewToken, withTokenOptions, type TokenOptions } from './token-options.js';
import { stateOfToken } from './tokens.js';

interface CreateOptions extends TokenOptions {
  readonly organisation?: string;
}

interface DataOptions {
  readonly data: string;
  readonly json: boolean;
}

/** `terroir-fleet token`. */
export const tokenCommand = (): Command =>
  new Command('token')
    .description('Claim tokens: each lets one gateway enrol, once.')
    .addCommand(createCommand())
    .addCommand(listCommand())
    .addCommand(revokeCommand())
    .addHelpText(
      'after',
      `
Examples:
  terroir-fleet token create --organisation Brenne
  terroir-fleet token create --organisation Brenne --fleet https://fleet.example.org --qr
  terroir-fleet token create --organisation Brenne --serial 10000000a3b1c2d3 --approval
  terroir-fleet token create --organisation Brenne --site 'Pumping station 4' --hours 12`,
    );

const createCommand = (): Command =>
  withTokenOptions(
    new Command('create')
      .description('Make a token and show it, once.')
      .option('--organisation <id or name>', 'who will hold the gateway (default: the organisation on top)'),
  ).action((options: CreateOptions) => {
    withRegistry(options.data, (registry) => {
      const organisation = findOrganisation(registry.organisations(), options.organisation);
      printNewToken(registry, { organisationId: organisation.id, createdBy: COMMAND_LINE }, options);
    });
  });

const listCommand = (): Command =>
  new Command('list')
    .description('All tokens and what became of them; their secrets are kept nowhere.')
    .option('--data <folder>', 'the fleet’s data', './fleet-data')
    .option('--json', 'for scripts', false)
    .action(({ data, json }: DataOptions) => {
      withRegistry(data, (registry) => {
        const names = new Map(registry.organisations().map(({ id, name }) => [id, name]));
        const siteName = (id: string) => registry.record('site', id)?.name ?? id;
        const tokens = registry.enrolmentTokens().map(({ secretHash: _hash, ...token }) => token);
        const text = json
          ? `${JSON.stringify(tokens, null, 2)}\n`
          : tokens.map((token) => line(token, names.get(token.organisationId) ?? '', siteName)).join('');
        process.stdout.write(text);
      });
    });

const revokeCommand = (): Command =>
  new Command('revoke')
    .description('Revoke a token that was not used yet.')
    .argument('<id>', 'as `token list` shows it')
    .option('--data <folder>', 'the fleet’s data', './fleet-data')
    .action((id: string, { data }: DataOptions) => {
      withRegistry(data, (registry) => {
        const token = registry.enrolmentTokens().find((each) => each.id === id);
        if (token === undefined) throw new Error(`There is no token ${id}.`);
        changeAsOperator(
          registry,
          () => {
            if (registry.revokeEnrolmentToken(id, Date.now())) return;
            throw new Error('This token was used or revoked already.');
          },
          () => ({
            action: 'revoke-enrolment-token',
            resource: { type: 'enrolment-token', id, organisationId: token.organisationId },
          }),
        );
      });
    });

/** By id, or by a name that only one has. */
const findOrganisation = (
  organisations: readonly Organisation[],
  wanted: string | undefined,
): Organisation => {
  const found =
    wanted === undefined
      ? organisations.filter(({ parentId }) => parentId === null)
      : organisations.filter(({ id, name }) => id === wanted || name.toLowerCase() === wanted.toLowerCase());
  const [organisation, ...others] = found;
  if (organisation !== undefined && others.length === 0) return organisation;
  const choice = organisations.map(({ id, name }) => `  ${id}  ${name}`).join('\n');
  throw new Error(`Which organisation? Give --organisation with one of:\n${choice}`);
};

const line = (
  token: Omit<EnrolmentToken, 'secretHash'>,
  organisation: string,
  siteName: (id: string) => string,
): string => {
  const { id, expires, serial, approval, replaces, siteId } = token;
  const bounds = [
    ...(serial === undefined ? [] : [`serial ${serial}`]),
    ...(approval === true ? ['approval'] : []),
    ...(replaces === undefined ? [] : [`replaces ${replaces}`]),
    ...(siteId === undefined ? [] : [`at ${siteName(siteId)}`]),
  ];
  return `${[id, stateOf(token), new Date(expires).toISOString(), organisation, ...bounds].join('  ')}\n`;
};

const stateOf = (token: Pick<EnrolmentToken, 'used' | 'revokedAt' | 'expires'>): string =>
  token.used === undefined ? stateOfToken(token, Date.now()) : `used by ${token.used.gatewayId}`;
