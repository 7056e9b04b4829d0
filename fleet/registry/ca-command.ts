import { readFileSync, writeFileSync } from 'node:fs';
import { Command } from 'commander';
import type { AuditObject } from '../access/audit/content.js';
import { changeAsOperator } from '../access/audit/operator-audit.js';
import { openAuthorityCare, type AuthorityCare, type AuthorityStatus } from './authority/authority-care.js';
import { readPassphrase } from './authority/passphrase.js';
import { authorityFolder, withRegistry } from './open-registry.js';

interface CaOptions {
  readonly data: string;
  readonly caPassphraseFile?: string;
}

/** `terroir-fleet ca`. */
export const caCommand = (): Command =>
  new Command('ca')
    .description('The fleet’s certificate authority: what a gateway’s identity and every proof rest on.')
    .addCommand(statusCommand())
    .addCommand(rotateCommand())
    .addCommand(exportCommand())
    .addCommand(passphraseCommand())
    .addHelpText(
      'after',
      `
Examples:
  terroir-fleet ca status
  terroir-fleet ca export > root.pem                                   # what strangers check proofs with
  terroir-fleet ca export --root-key /media/safe/root.key --remove     # the root's key leaves this machine
  terroir-fleet ca rotate --root-key /media/safe/root.key`,
    );

const withCare = (command: Command): Command =>
  command
    .option('--ca-passphrase-file <file>', 'passphrase of the keys, as for `serve`')
    .option('--data <folder>', 'the fleet’s data', './fleet-data');

const openCare = async ({ data, caPassphraseFile }: CaOptions): Promise<AuthorityCare> => {
  const passphrase = await readPassphrase(caPassphraseFile, process.env);
  return openAuthorityCare(authorityFolder(data), { now: Date.now, passphrase });
};

const statusCommand = (): Command =>
  withCare(new Command('status'))
    .description('Root, issuing certificates, where the keys are, and the certificates of gateways.')
    .option('--json', 'for scripts', false)
    .action(async (options: CaOptions & { json: boolean }) => {
      const status = await (await openCare(options)).status();
      const gateways = withRegistry(options.data, (registry) => registry.countCertificates(Date.now()));
      const text = options.json
        ? JSON.stringify({ ...status, gateways }, null, 2)
        : [...renderStatus(status), `gateways   ${counted({ ...gateways })}`].join('\n');
      process.stdout.write(`${text}\n`);
    });

const rotateCommand = (): Command =>
  withCare(new Command('rotate'))
    .description(
      'Make a new issuing certificate. What the old one signed stays good; a running service follows.',
    )
    .option('--root-key <file>', 'the root’s key, where it is kept elsewhere')
    .action(async (options: CaOptions & { rootKey?: string }) => {
      const care = await openCare(options);
      const { rootKey } = options;
      const made = await care.rotate(rootKey === undefined ? undefined : readFileSync(rootKey, 'utf8'));
      recordCare(options.data, { issuer: made.fingerprint });
      process.stdout.write(`New issuing certificate ${made.fingerprint}, until ${dayOf(made.notAfter)}.\n`);
    });

const exportCommand = (): Command =>
  withCare(new Command('export'))
    .description(
      'Print the root certificate; or write the root’s key, encrypted as it is, to keep it elsewhere.',
    )
    .option('--root-key <file>', 'write the root’s key to this new file (0600)')
    .option('--remove', 'with --root-key: and take it off this machine', false)
    .action(async (options: CaOptions & { rootKey?: string; remove: boolean }) => {
      const care = await openCare(options);
      if (options.rootKey === undefined) {
        if (options.remove) throw new Error('--remove goes with --root-key.');
        process.stdout.write(await care.rootPem());
        return;
      }
      const pem = await care.rootKeyPem();
      writeFileSync(options.rootKey, pem, { mode: 0o600, flag: 'wx', flush: true });
      if (readFileSync(options.rootKey, 'utf8') !== pem) throw new Error('The copy is not what was written.');
      if (options.remove) await care.removeRootKey();
      recordCare(options.data, { rootKey: options.remove ? 'moved' : 'copied' });
      process.stderr.write(
        `Wrote ${options.rootKey}; it opens with the passphrase of the keys${options.remove ? ', and is no longer here' : ''}.\n`,
      );
    });

const passphraseCommand = (): Command =>
  withCare(new Command('passphrase'))
    .description(
      'Encrypt the keys with another passphrase. Stop the service before, and give it the new one after.',
    )
    .requiredOption('--new-passphrase-file <file>', 'holds the new passphrase')
    .action(async (options: CaOptions & { newPassphraseFile: string }) => {
      const care = await openCare(options);
      const next = await readPassphrase(options.newPassphraseFile, {});
      if (next !== undefined) await care.changePassphrase(next);
      recordCare(options.data, { passphrase: 'changed' });
      process.stderr.write('The keys open with the new passphrase alone.\n');
    });

/** Files cannot share a transaction with the audit trail: the record follows the change. */
const recordCare = (data: string, after: AuditObject): void =>
  withRegistry(data, (registry) =>
    changeAsOperator(
      registry,
      () => undefined,
      () => ({
        action: 'care-for-authority',
        resource: { type: 'authority', id: null, organisationId: null },
        after,
      }),
    ),
  );

const dayOf = (time: number): string => new Date(time).toISOString().slice(0, 10);

const counted = (count: Readonly<Record<string, number>>): string =>
  Object.entries(count)
    .map(([state, number]) => `${number} ${state}`)
    .join(', ');

const renderStatus = ({ root, issuer, formerIssuers, passphrase }: AuthorityStatus): string[] => [
  `root       ${root.fingerprint}  until ${dayOf(root.notAfter)}, key ${root.keyHere ? 'on this machine' : 'kept elsewhere'}`,
  `issuer     ${issuer.fingerprint}  until ${dayOf(issuer.notAfter)}`,
  ...formerIssuers.map(({ fingerprint, notAfter }) => `former     ${fingerprint}  until ${dayOf(notAfter)}`),
  `keys       encrypted; passphrase ${passphrase === 'given' ? 'given from outside' : 'in a file beside them'}`,
];
