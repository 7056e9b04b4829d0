import { Command } from 'commander';
import type { AuditObject } from '../access/audit/content.js';
import { changeAsOperator } from '../access/audit/operator-audit.js';
import type { RegistryStore } from '../store/registry-store.js';
import { createGatewayControl, type GatewayControl } from './gateway-control.js';
import { endOfClaim, waitingClaims } from './held-claims.js';
import { COMMAND_LINE, withRegistry } from './open-registry.js';
import { printNewToken, withTokenOptions, type TokenOptions } from './token-options.js';

interface DataOptions {
  readonly data: string;
  readonly json: boolean;
}
interface ReasonOptions extends DataOptions {
  readonly reason: string;
}

/** `terroir-fleet gateway`. */
export const gatewayCommand = (): Command =>
  new Command('gateway')
    .description(
      'Gateways, their certificates, and claims that wait. A running service follows within seconds.',
    )
    .addCommand(listCommand())
    .addCommand(approveCommand())
    .addCommand(rejectCommand())
    .addCommand(revokeCommand())
    .addCommand(replaceCommand())
    .addHelpText(
      'after',
      `
Examples:
  terroir-fleet gateway list
  terroir-fleet gateway approve 4fz0…
  terroir-fleet gateway revoke 4fz0… --reason "stolen from the cabinet"
  terroir-fleet gateway replace 4fz0… --fleet https://fleet.example.org --qr   # a token for the new box`,
    );

const withData = (command: Command): Command =>
  command.option('--data <folder>', 'the fleet’s data', './fleet-data');

const withReason = (command: Command): Command =>
  withData(command.requiredOption('--reason <text>', 'kept with the decision'));

const listCommand = (): Command =>
  withData(new Command('list'))
    .description('Gateways with the end of their certificate, and claims that wait for approval.')
    .option('--json', 'for scripts', false)
    .action(({ data, json }: DataOptions) => {
      withRegistry(data, (registry) => {
        const list = { gateways: gatewaysOf(registry), claims: waitingClaims(registry, Date.now()) };
        process.stdout.write(json ? `${JSON.stringify(list, null, 2)}\n` : render(list));
      });
    });

type Decision = 'decide-enrolment-claim' | 'revoke-gateway';

/** Decides about a gateway or a claim, and records it. */
const decide = (
  data: string,
  id: string,
  action: Decision,
  act: (control: GatewayControl) => void,
  after: AuditObject,
): void =>
  withRegistry(data, (registry) => {
    const held = registry.gateway(id) ?? registry.heldClaim(id);
    const organisationId = held?.organisationId ?? null;
    changeAsOperator(
      registry,
      () => act(createGatewayControl({ store: registry, now: Date.now })),
      () => ({ action, resource: { type: 'gateway', id, organisationId }, after }),
    );
  });

const approveCommand = (): Command =>
  withData(new Command('approve'))
    .description('Let a claim that waits have its certificate; the gateway fetches it when it asks next.')
    .argument('<id>', 'as `gateway list` shows it')
    .action((id: string, { data }: DataOptions) => {
      const approve = (control: GatewayControl) => control.approve(id, COMMAND_LINE);
      decide(data, id, 'decide-enrolment-claim', approve, { approved: true });
    });

const rejectCommand = (): Command =>
  withReason(new Command('reject'))
    .description('Refuse a claim that waits; the gateway is told the reason.')
    .argument('<id>', 'as `gateway list` shows it')
    .action((id: string, { data, reason }: ReasonOptions) => {
      const reject = (control: GatewayControl) => control.reject(id, { by: COMMAND_LINE, reason });
      decide(data, id, 'decide-enrolment-claim', reject, { approved: false, reason });
    });

const revokeCommand = (): Command =>
  withReason(new Command('revoke'))
    .description(
      'Refuse a gateway for good: session, certificate, renewal. There is no way back but a new enrolment.',
    )
    .argument('<id>', 'id of the gateway')
    .action((id: string, { data, reason }: ReasonOptions) => {
      const revoke = (control: GatewayControl) => control.revoke(id, { by: COMMAND_LINE, reason });
      decide(data, id, 'revoke-gateway', revoke, { revoked: reason });
    });

const replaceCommand = (): Command =>
  withTokenOptions(new Command('replace'))
    .description(
      'Make a token for the box that takes over from a gateway: when it is used, the devices go on under it.',
    )
    .argument('<id>', 'id of the gateway that goes; it is revoked when the token is used')
    .action((id: string, options: TokenOptions) => {
      withRegistry(options.data, (registry) => {
        const organisationId = registry.gateway(id)?.organisationId ?? '';
        printNewToken(registry, { organisationId, createdBy: COMMAND_LINE, replaces: id }, options);
      });
    });

interface GatewayLine {
  readonly id: string;
  readonly name: string;
  readonly connected: boolean;
  /** UTC ms; of the newest certificate. */
  readonly certificateEnds: number | undefined;
  readonly revoked: string | undefined;
  readonly successor: string | undefined;
}

const gatewaysOf = (registry: RegistryStore): readonly GatewayLine[] =>
  registry.gateways().map(({ id, name, connected }) => ({
    id,
    name,
    connected,
    certificateEnds: registry.certificatesOf(id).at(-1)?.notAfter,
    revoked: registry.revocation(id)?.reason,
    successor: registry.successorOf(id),
  }));

const render = ({
  gateways,
  claims,
}: {
  gateways: readonly GatewayLine[];
  claims: ReturnType<typeof waitingClaims>;
}): string =>
  [
    ...gateways.map(({ id, name, connected, certificateEnds, revoked }) => {
      const state = connected ? 'connected' : 'not connected';
      const ends = certificateEnds === undefined ? '' : new Date(certificateEnds).toISOString().slice(0, 10);
      return `${id}  ${name}  ${revoked === undefined ? `${state}, certificate until ${ends}` : `revoked: ${revoked}`}\n`;
    }),
    ...claims.map((claim) => {
      const { gatewayId, name, serial = 'none told' } = claim;
      const ends = new Date(endOfClaim(claim)).toISOString().slice(0, 10);
      return `${gatewayId}  ${name}  waits for approval until ${ends}, serial number ${serial}\n`;
    }),
  ].join('');
