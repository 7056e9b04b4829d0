#!/usr/bin/env node
import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { packageFile } from './package-file.js';
import { parsePort } from './ports.js';

// Whatever it writes is its owner's alone: databases, their logs, what is saved from them.
process.umask(0o077);

// Whoever reads our output may stop reading (`| head`).
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(process.exitCode);
});

const manifest: unknown = JSON.parse(readFileSync(packageFile('package.json'), 'utf8'));
const version =
  typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : '';

const program = new Command('terroir-fleet')
  .description(
    "Collects a territory's readings from its gateways, keeps them with their proof, and answers for them.",
  )
  .version(version)
  .showHelpAfterError('(terroir-fleet --help shows what there is)')
  .addHelpText(
    'after',
    `
Examples:
  terroir-fleet serve                                   # everything in ./fleet-data, console on http://127.0.0.1:8080
  terroir-fleet serve --http-host 0.0.0.0 --tls fleet   # for gateways elsewhere, HTTPS under the fleet's own root
  terroir-fleet token create --organisation Brenne      # for one gateway to enrol with
  terroir-fleet gateway revoke 4f… --reason stolen      # useless within seconds
  terroir-fleet organisation transfer --gateways 4f… --to Brenne --from 2026-01-01 --past withheld --dry-run
  terroir-fleet meter replace inlet --serial 23-77 --last-index water_volume=98765 --first-index water_volume=12
  terroir-fleet inspect batch.bin --certificate gateway.pem
  terroir-fleet ledger                                  # what each gateway sealed, and what became of it
  terroir-fleet log export 2026.cborseq.gz              # all batches in one file; log verify, log import
  terroir-fleet backup /mnt/backup/2026-11-28           # while it runs; restore puts it back
  terroir-fleet recall 4f… --from 2026-11-20T00:00Z --to 2026-11-21T00:00Z
  terroir-fleet audit head --save 2026-11.json          # keep it elsewhere, and later:
  terroir-fleet audit verify --head 2026-11.json        # was anything changed since?
  terroir-fleet usage --organisation Brenne             # who used its data for what, month by month
  terroir-fleet user invite --organisation 63014 --role operator
  terroir-fleet key create --name platform --role viewer --purpose open-data
  terroir-fleet dataset create --title 'Places libres' --theme parking --audience agreement
  terroir-fleet agreement sign 5x… 1                    # in person, over the running service
  terroir-fleet explain --point 7k… --purpose operations
  terroir-fleet proof 7k… --at 2026-11-20T08:00Z --out reading.proof
  terroir-fleet verify reading.proof --root root.pem    # anybody, anywhere, offline
  terroir-fleet erase --point 7k… --from 2026-11-20T00:00Z --to 2026-11-21T00:00Z --reason "asked for" --dry-run
  terroir-fleet simulate --login-file admin.json --readings 1M --speed max --verify
  terroir-fleet demo                                    # a territory of three municipalities on this machine`,
  );

/** Each is loaded when it is asked for: the service alone takes a second to load, and few need it. */
const commands = new Map<string, () => Promise<Command>>([
  ['serve', async () => (await import('./serve-command.js')).serveCommand(version)],
  ['token', async () => (await import('./registry/token-command.js')).tokenCommand()],
  ['gateway', async () => (await import('./registry/gateway-command.js')).gatewayCommand()],
  [
    'organisation',
    async () => (await import('./registry/organisations/organisation-command.js')).organisationCommand(),
  ],
  ['site', async () => (await import('./registry/organisations/site-command.js')).siteCommand()],
  ['location', async () => (await import('./registry/organisations/location-command.js')).locationCommand()],
  ['meter', async () => (await import('./registry/organisations/meter-command.js')).meterCommand()],
  ['ca', async () => (await import('./registry/ca-command.js')).caCommand()],
  ['inspect', async () => (await import('./log/inspect-command.js')).inspectCommand()],
  ['rebuild', async () => (await import('./projections/rebuild-command.js')).rebuildCommand()],
  ['ledger', async () => (await import('./operations/ledger-command.js')).ledgerCommand()],
  ['recall', async () => (await import('./operations/recall-command.js')).recallCommand()],
  [
    'log',
    async () => {
      const { logCommand } = await import('./log/log-command.js');
      const { openStoredLog, openStoredLogWriter } = await import('./open-log.js');
      return logCommand({ reader: openStoredLog, writer: openStoredLogWriter });
    },
  ],
  ['backup', async () => (await import('./backup/backup-command.js')).backupCommand(version)],
  ['restore', async () => (await import('./backup/restore-command.js')).restoreCommand()],
  ['quarantine', async () => (await import('./log/quarantine-command.js')).quarantineCommand()],
  ['usage', async () => (await import('./sharing/usage/usage-command.js')).usageCommand()],
  ['audit', async () => (await import('./access/audit/audit-command.js')).auditCommand()],
  ['erase-person', async () => (await import('./erasure/erase-person-command.js')).erasePersonCommand()],
  ['user', async () => (await import('./access/user-command.js')).userCommand()],
  ['key', async () => (await import('./access/keys/key-command.js')).keyCommand()],
  ['sign-on', async () => (await import('./access/sign-on/sign-on-command.js')).signOnCommand()],
  [
    'broker-config',
    async () => {
      const { brokerConfigCommand } = await import('./broker/config/broker-config-command.js');
      const { openBrokerConfigSource } = await import('./open-broker-config.js');
      return brokerConfigCommand(openBrokerConfigSource, parsePort);
    },
  ],
  ['dataset', async () => (await import('./sharing/commands/dataset-command.js')).datasetCommand()],
  ['agreement', async () => (await import('./sharing/commands/agreement-command.js')).agreementCommand()],
  ['explain', async () => (await import('./sharing/commands/explain-command.js')).explainCommand()],
  ['proof', async () => (await import('./proof/proof-command.js')).proofCommand()],
  ['verify', async () => (await import('./proof/verify-command.js')).verifyCommand()],
  ['erase', async () => (await import('./erasure/erase-command.js')).eraseCommand()],
  ['simulate', async () => (await import('./simulation/command.js')).simulateCommand()],
  ['demo', async () => (await import('./demonstration/command.js')).demoCommand()],
]);
const asked = commands.get(process.argv[2] ?? '');

try {
  for (const load of asked === undefined ? commands.values() : [asked]) program.addCommand(await load());
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`terroir-fleet: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
