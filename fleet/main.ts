#!/usr/bin/env node
import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { auditCommand } from './access/audit/audit-command.js';
import { erasePersonCommand } from './access/audit/erase-command.js';
import { keyCommand } from './access/keys/key-command.js';
import { signOnCommand } from './access/sign-on/sign-on-command.js';
import { userCommand } from './access/user-command.js';
import { brokerConfigCommand } from './broker/config/broker-config-command.js';
import { demoCommand } from './demonstration/command.js';
import { eraseCommand } from './log/erase-command.js';
import { inspectCommand } from './log/inspect-command.js';
import { quarantineCommand } from './log/quarantine-command.js';
import { ledgerCommand } from './operations/ledger-command.js';
import { openBrokerConfigSource } from './open-broker-config.js';
import { recallCommand } from './operations/recall-command.js';
import { parsePort } from './ports.js';
import { rebuildCommand } from './projections/rebuild-command.js';
import { caCommand } from './registry/ca-command.js';
import { gatewayCommand } from './registry/gateway-command.js';
import { tokenCommand } from './registry/token-command.js';
import { proofCommand } from './proof/proof-command.js';
import { verifyCommand } from './proof/verify-command.js';
import { meterCommand } from './registry/organisations/meter-command.js';
import { organisationCommand } from './registry/organisations/organisation-command.js';
import { serveCommand } from './serve-command.js';

// Whatever it writes is its owner's alone: databases, their logs, what is saved from them.
process.umask(0o077);

const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
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
  terroir-fleet recall 4f… --from 2026-11-20T00:00Z --to 2026-11-21T00:00Z
  terroir-fleet audit head --save 2026-11.json          # keep it elsewhere, and later:
  terroir-fleet audit verify --head 2026-11.json        # was anything changed since?
  terroir-fleet user invite --organisation 63014 --role operator
  terroir-fleet key create --name platform --role viewer --purpose open-data
  terroir-fleet proof 7k… --at 2026-11-20T08:00Z --out reading.proof
  terroir-fleet verify reading.proof --root root.pem    # anybody, anywhere, offline
  terroir-fleet erase --point 7k… --from 2026-11-20T00:00Z --to 2026-11-21T00:00Z --reason "asked for" --dry-run
  terroir-fleet demo                                    # a territory of three municipalities on this machine`,
  );

program.addCommand(serveCommand(version));
program.addCommand(tokenCommand());
program.addCommand(gatewayCommand());
program.addCommand(organisationCommand());
program.addCommand(meterCommand());
program.addCommand(caCommand());
program.addCommand(inspectCommand());
program.addCommand(rebuildCommand());
program.addCommand(ledgerCommand());
program.addCommand(recallCommand());
program.addCommand(quarantineCommand());
program.addCommand(auditCommand());
program.addCommand(erasePersonCommand());
program.addCommand(userCommand());
program.addCommand(keyCommand());
program.addCommand(signOnCommand());
program.addCommand(brokerConfigCommand(openBrokerConfigSource, parsePort));
program.addCommand(proofCommand());
program.addCommand(verifyCommand());
program.addCommand(eraseCommand());
program.addCommand(demoCommand());

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`terroir-fleet: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
