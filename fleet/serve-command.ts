import { once } from 'node:events';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { pino } from 'pino';
import { externalBroker, parseBrokerUrl, type BrokerUrl } from './broker-options.js';
import { parsePort } from './ports.js';
import { readPassphrase } from './registry/authority/passphrase.js';
import { DEFAULT_GRACE_DAYS } from './registry/renewal.js';
import type { HttpTls } from './open-http.js';
import type { Service } from './service.js';

interface ServeOptions {
  readonly data: string;
  readonly organisation?: string;
  readonly httpHost: string;
  readonly httpPort: number;
  readonly mqttHost: string;
  readonly mqttPort: number;
  readonly publicHost?: string;
  readonly broker?: BrokerUrl;
  readonly brokerKey?: string;
  readonly brokerCertificate?: string;
  readonly brokerCa?: string;
  readonly brokerCrl?: string;
  readonly tls: string;
  readonly tlsKey?: string;
  readonly tlsCertificate?: string;
  readonly behindProxy: boolean;
  readonly trustedProxy: readonly string[];
  readonly firstAdministratorFile?: string;
  readonly caPassphraseFile?: string;
  readonly renewalGrace: number;
  readonly accessKeyFile?: string;
  readonly logLevel: string;
}

/** `terroir-fleet serve`. */
export const serveCommand = (version: string): Command =>
  new Command('serve')
    .description('Run the service: embedded broker, SQLite, console. Needs no configuration.')
    .option('--data <folder>', 'everything it keeps', './fleet-data')
    .option('--organisation <name>', 'what the organisation on top is called, at the first start')
    .option('--http-host <address>', 'address of console and API', '127.0.0.1')
    .option('--http-port <port>', 'port of console and API', parsePort, 8080)
    .option('--mqtt-host <address>', 'address that gateways connect to', '0.0.0.0')
    .option('--mqtt-port <port>', 'port that gateways connect to (MQTT over mutual TLS)', parsePort, 8883)
    .option(
      '--broker <url>',
      'an external broker, mqtts://host:port, rather than the embedded one',
      parseBrokerUrl,
    )
    .option('--broker-key <file>', 'PEM key of the fleet there (default: of its own authority)')
    .option('--broker-certificate <file>', 'PEM certificate chain, with --broker-key')
    .option('--broker-ca <file>', 'PEM of who issued its certificate (default: the fleet’s own authority)')
    .option('--broker-crl <file>', 'list of revoked certificates to keep for it, as broker-config wrote it')
    .option('--public-host <name>', 'host that enrolled gateways dial (default: the one they enrolled at)')
    .addOption(
      new Option('--tls <mode>', 'HTTPS with a certificate of the fleet’s own root, or with your own')
        .choices(['none', 'fleet', 'own'])
        .default('none'),
    )
    .option('--tls-key <file>', 'PEM key, with --tls own')
    .option('--tls-certificate <file>', 'PEM certificate chain, with --tls own')
    .option('--behind-proxy', 'plain HTTP beyond loopback is meant: a reverse proxy does TLS', false)
    .option(
      '--trusted-proxy <networks...>',
      'reverse proxies, as addresses or CIDR, whose X-Forwarded-For, -Host and -Proto are believed',
      parseNetwork,
      [],
    )
    .option('--first-administrator-file <file>', 'write the first login here (0600) rather than print it')
    .option(
      '--ca-passphrase-file <file>',
      'passphrase of the authority’s keys (or TERROIR_CA_PASSPHRASE, or the systemd credential ca-passphrase)',
    )
    .option(
      '--renewal-grace <days>',
      'how long after its end a gateway’s certificate may still be renewed',
      parseDays,
      DEFAULT_GRACE_DAYS,
    )
    .option(
      '--access-key-file <file>',
      'key that seals secrets: 32 random bytes in base64 (default: access.key in the data folder, made there)',
    )
    .addOption(
      new Option('--log-level <level>').choices(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
    )
    .action(async (options: ServeOptions) => {
      await serve(options, version);
    });

/** One more address or network. */
const parseNetwork = (text: string, before: readonly string[]): readonly string[] => {
  const [address = '', bits, ...rest] = text.split('/');
  const widest = isIP(address) === 4 ? 32 : 128;
  const fits = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= widest);
  if (isIP(address) === 0 || !fits || rest.length > 0) {
    throw new InvalidArgumentError('give an address such as 127.0.0.1, or a network such as 10.0.0.0/8.');
  }
  return [...before, text];
};

const parseDays = (text: string): number => {
  if (/^\d{1,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('give whole days.');
};

const serve = async (options: ServeOptions, version: string): Promise<void> => {
  const tls = tlsOf(options);
  const external = externalBroker(options);
  const stopping = stopSignal();
  const passphrase = await readPassphrase(options.caPassphraseFile, process.env);
  const log = pino({ level: options.logLevel, base: null }, pino.destination({ dest: 2, sync: false }));
  // last, as it takes a second to load: what is wrong with the options is said before
  const { startService } = await import('./service.js');
  const service = await startService({
    dataFolder: resolve(options.data),
    ...(options.organisation === undefined ? {} : { organisationName: options.organisation }),
    ...(options.accessKeyFile === undefined ? {} : { accessKeyFile: options.accessKeyFile }),
    http: {
      host: options.httpHost,
      port: options.httpPort,
      tls,
      trustedProxies: options.trustedProxy,
    },
    mqtt: {
      host: options.mqttHost,
      port: options.mqttPort,
      publicHost: options.publicHost ?? null,
      ...(external === undefined ? {} : { external }),
    },
    names: [
      ...new Set([
        'localhost',
        '127.0.0.1',
        hostname(),
        ...(options.publicHost === undefined ? [] : [options.publicHost]),
      ]),
    ],
    certificates: {
      passphrase,
      graceDays: options.renewalGrace,
    },
    version,
    log,
  }).catch((error: unknown) => {
    throw explain(error);
  });
  announce(service, options);
  const asked = stopping.aborted ? undefined : once(stopping, 'abort').then(() => undefined);
  const fault = await Promise.race([asked, service.failed]);
  await service.close();
  if (fault !== undefined) throw fault;
};

/**
 * SIGINT and SIGTERM ask to stop, a second one insists. Listened to from the very start: asked meanwhile, the service
 * stops once it has started.
 */
const stopSignal = (): AbortSignal => {
  const stopping = new AbortController();
  const stop = (): void => {
    if (stopping.signal.aborted) process.exit(1);
    stopping.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);
  return stopping.signal;
};

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

const tlsOf = (options: ServeOptions): HttpTls => {
  const { tls, tlsKey, tlsCertificate, httpHost, behindProxy, trustedProxy } = options;
  if (tls === 'fleet') return { type: 'fleet' };
  if (tls === 'own') {
    if (tlsKey === undefined || tlsCertificate === undefined) {
      throw new Error('--tls own needs --tls-key and --tls-certificate.');
    }
    return { type: 'own', key: readFileSync(tlsKey, 'utf8'), cert: readFileSync(tlsCertificate, 'utf8') };
  }
  if (!LOOPBACK.has(httpHost) && !behindProxy) {
    throw new Error(
      `Passwords and claim tokens would cross the network in the clear on ${httpHost}: use --tls fleet, --tls own, or --behind-proxy.`,
    );
  }
  if (behindProxy && trustedProxy.length === 0) {
    throw new Error(
      '--behind-proxy needs --trusted-proxy with the address of that proxy: else nobody is believed to have come by HTTPS.',
    );
  }
  return { type: 'none' };
};

const announce = ({ firstAdministrator, httpPort, mqttPort }: Service, options: ServeOptions): void => {
  if (firstAdministrator !== undefined) introduce(firstAdministrator, options.firstAdministratorFile);
  const scheme = options.tls === 'none' ? 'http' : 'https';
  process.stdout.write(
    `Console ${scheme}://${options.httpHost}:${httpPort}/, gateways on port ${mqttPort}${options.broker === undefined ? '' : ` of ${options.broker.host}`}.\n`,
  );
};

const introduce = (person: { login: string; password: string }, file: string | undefined): void => {
  if (file === undefined) {
    process.stdout.write(
      `First administrator, shown only now: login ${person.login}, password ${person.password}\n`,
    );
  } else {
    // whole or not at all: whoever waits for it reads it at once
    writeFileSync(`${file}.new`, `${JSON.stringify(person)}\n`, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }
};

const explain = (error: unknown): unknown => {
  const { code, port } = Object(error) as { code?: unknown; port?: unknown };
  if (code !== 'EADDRINUSE') return error;
  return new Error(`Port ${String(port)} is in use: choose another with --http-port or --mqtt-port.`, {
    cause: error,
  });
};
