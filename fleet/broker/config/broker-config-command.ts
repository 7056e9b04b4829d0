import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { Argument, Command, InvalidArgumentError } from 'commander';
import type { BrokerConfigSettings, BrokerFile } from './broker-files.js';
import { emqxFiles } from './emqx-config.js';
import { mosquittoFiles } from './mosquitto-config.js';

/** What the generator asks of the fleet whose broker it is for. */
export interface BrokerConfigSource {
  /** Key and certificate for the broker, under these names beside the one that gateways look for. */
  issueBroker(
    names: readonly string[],
  ): Promise<{ readonly keyPem: string; readonly certificatePem: string }>;
  issueClient(name: string): Promise<{ readonly keyPem: string; readonly certificatePem: string }>;
  /** Who issued gateways' certificates, PEM. */
  readonly caPem: string;
  /** Lists of revoked certificates, of every issuer, PEM. */
  revocationLists(): Promise<string>;
  /** Those that may connect. */
  readonly gateways: readonly string[];
}

type OpenSource = (data: string, passphraseFile: string | undefined) => Promise<BrokerConfigSource>;

interface Options {
  readonly data: string;
  readonly out: string;
  readonly host: string;
  readonly port: number;
  readonly name: readonly string[];
  readonly processes: number;
  readonly plugin?: string;
  readonly crl?: string | false;
  readonly caPassphraseFile?: string;
  readonly json: boolean;
}

type Kind = 'mosquitto' | 'emqx';

const MAX_PROCESSES = 64;
const PLUGIN = 'mosquitto_dynamic_security.so';

/** `terroir-fleet broker-config`. `open` opens the fleet in a data folder. */
export const brokerConfigCommand = (open: OpenSource, parsePort: (text: string) => number): Command =>
  new Command('broker-config')
    .description('Write the configuration of an external broker, with the rules of the embedded one.')
    .addArgument(new Argument('<broker>').choices(['mosquitto', 'emqx']))
    .option('--data <folder>', 'the fleet that it is for', './fleet-data')
    .option('--out <folder>', 'where the files go; the broker reads them from there', './broker')
    .option('--host <address>', 'address that the broker listens on', '0.0.0.0')
    .option('--port <port>', 'port that the broker listens on', parsePort, 8883)
    .option('--name <host>', 'another name for the broker’s certificate; may be given again', added, [])
    .option(
      '--processes <n>',
      'processes of the fleet that connect; each has a certificate',
      parseProcesses,
      1,
    )
    .option('--plugin <file>', 'dynamic security plugin of mosquitto (default: where packages put it)')
    .option('--crl <file>', 'mosquitto: list of revoked certificates (default: crl.pem in the folder)')
    .option('--no-crl', 'mosquitto: take revoked and superseded certificates in the handshake (see below)')
    .option('--ca-passphrase-file <file>', 'passphrase of the authority’s keys, as for serve')
    .option('--json', 'say what was written as JSON', false)
    .addHelpText(
      'after',
      `
Examples:
  terroir-fleet broker-config mosquitto --out /etc/terroir-broker
  chown -R mosquitto: /etc/terroir-broker
  mosquitto -c /etc/terroir-broker/mosquitto.conf
  systemctl link /etc/terroir-broker/terroir-broker-reload.service
  systemctl enable --now /etc/terroir-broker/terroir-broker-reload.path
  terroir-fleet serve --broker mqtts://broker.example.org --broker-crl /etc/terroir-broker/crl.pem

mosquitto: a revoked gateway loses its session within seconds, and may do nothing in a later one. What it refuses in the
handshake is in a file that "serve --broker-crl" keeps in step with revocations, renewals and "ca rotate"; mosquitto reads
it on SIGHUP, which the two units send when it changes. Bring it to a broker on another machine yourself, at once after
"ca rotate", else the certificates of the new issuer are refused; with --no-crl there is no such file, and a certificate
that was renewed long ago connects until it expires.
EMQX: the fleet stops answering a revoked gateway at once; ban it there to end its session.`,
    )
    .action((kind: Kind, options: Options) => writeConfiguration(kind, options, open));

const added = (value: string, before: readonly string[]): string[] => [...before, value];

const parseProcesses = (text: string): number => {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= MAX_PROCESSES) return number;
  throw new InvalidArgumentError(`a whole number from 1 to ${MAX_PROCESSES}`);
};

const writeConfiguration = async (kind: Kind, options: Options, open: OpenSource): Promise<void> => {
  const folder = resolve(options.out);
  const plugin = kind === 'mosquitto' ? (options.plugin ?? findPlugin()) : '';
  const source = await open(options.data, options.caPassphraseFile);
  const fleetClients = Array.from({ length: options.processes }, (_, n) => `terroir-fleet-${n + 1}`);
  const { host, port, name } = options;
  const crl =
    kind === 'mosquitto' && options.crl !== false
      ? resolve(options.crl ?? join(folder, 'crl.pem'))
      : undefined;
  const settings: BrokerConfigSettings = { folder, host, port, fleetClients, gateways: source.gateways };
  const files = [
    ...(kind === 'mosquitto' ? mosquittoFiles({ ...settings, plugin, crl }) : emqxFiles(settings)),
    ...(await certificateFiles(source, settings, name)),
    ...(crl === undefined ? [] : [{ name: crl, text: await source.revocationLists(), secret: false }]),
  ];
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const file of files) writeFile(folder, file);
  tell(folder, files, options.json);
};

const certificateFiles = async (
  source: BrokerConfigSource,
  { fleetClients }: BrokerConfigSettings,
  names: readonly string[],
): Promise<readonly BrokerFile[]> => {
  const broker = await source.issueBroker([...names, 'localhost', '127.0.0.1', hostname()]);
  const pair = (name: string, { keyPem, certificatePem }: typeof broker): readonly BrokerFile[] => [
    { name: `${name}.pem`, text: certificatePem, secret: false },
    { name: `${name}.key`, text: keyPem, secret: true },
  ];
  const clients: BrokerFile[] = [];
  for (const name of fleetClients) clients.push(...pair(name, await source.issueClient(name)));
  return [{ name: 'ca.pem', text: source.caPem, secret: false }, ...pair('broker', broker), ...clients];
};

const writeFile = (folder: string, { name, text, secret }: BrokerFile): void => {
  const path = resolve(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode: secret ? 0o600 : 0o644 });
};

const tell = (folder: string, files: readonly BrokerFile[], json: boolean): void => {
  const names = files.map(({ name }) => relative(folder, resolve(folder, name)));
  if (json) process.stdout.write(`${JSON.stringify({ folder, files: names })}\n`);
  else process.stdout.write(`Wrote to ${folder}: ${names.join(', ')}\n`);
};

const findPlugin = (): string => {
  const libraries = ['/usr/lib', '/usr/local/lib', '/opt/homebrew/lib'];
  const folders = libraries.flatMap((folder) => [folder, ...subfolders(folder)]);
  const found = folders.map((folder) => join(folder, PLUGIN)).find((path) => existsSync(path));
  if (found === undefined) {
    throw new Error(`Found no ${PLUGIN} on this machine; say where the broker has it: --plugin FILE.`);
  }
  return found;
};

const subfolders = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => join(folder, name))
    : [];
